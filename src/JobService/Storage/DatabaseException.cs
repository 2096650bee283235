namespace ForegSyte.Jobs.Storage;

/// <summary>
/// The database cannot be used. The message is for the operator: what happened, what was left untouched, what to do.
/// </summary>
internal class DatabaseException(string message, Exception? innerException = null)
    : Exception(message, innerException);
