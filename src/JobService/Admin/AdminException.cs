namespace ForegSyte.Jobs.Admin;

/// <summary>A command cannot be run. The message is for the operator: what is wrong, and what to do.</summary>
internal sealed class AdminException(string message, Exception? innerException = null)
    : Exception(message, innerException);
