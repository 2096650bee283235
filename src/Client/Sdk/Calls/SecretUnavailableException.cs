namespace ForegSyte.Client.Calls;

/// <summary>A call was not made, since its key or token could not be had. The message never tells a secret.</summary>
internal sealed class SecretUnavailableException(string message, Exception? cause = null) : Exception(message, cause);
