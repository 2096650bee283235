namespace ForegSyte.Jobs.Fetching;

/// <summary>A transfer ended before its end. It may be gone on with.</summary>
/// <param name="message">How it ended: shown to the caller, so without addresses.</param>
/// <param name="cause">For the log.</param>
internal sealed class TransferBrokenException(string message, Exception? cause = null) : Exception(message, cause);
