namespace ForegSyte.Jobs.Storage;

/// <summary>Another process has the database; it may let go of it.</summary>
internal sealed class DatabaseInUseException(string message, Exception innerException)
    : DatabaseException(message, innerException);
