namespace ForegSyte.Hosting.Configuration;

/// <summary>A file that a setting names cannot be read, or says nothing sensible; it refuses the start.</summary>
/// <param name="message">Which one and why, for the operator. Holds nothing of what is in the file.</param>
/// <param name="innerException">The cause.</param>
public sealed class InvalidFileException(string message, Exception innerException)
    : Exception(message, innerException);
