namespace ForegSyte.Hosting.Security;

/// <summary>Why credentials are not accepted, in words that a caller may read: they hold nothing of them.</summary>
/// <param name="problem">One word for programs: missing, unknown, expired or malformed.</param>
/// <param name="message">A full sentence.</param>
/// <param name="innerException">Cause, for nobody but the debugger.</param>
internal sealed class CredentialException(string problem, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>One word for programs.</summary>
    public string Problem { get; } = problem;

    /// <summary>The claim of a token that is not right; null where it is none.</summary>
    public string? Claim { get; private init; }

    /// <summary>There is no such key. Whether the id or the secret is wrong is not told.</summary>
    public static CredentialException UnknownKey() =>
        new("unknown", "This server does not know the API key.");

    /// <summary>They were right once.</summary>
    public static CredentialException Expired(string what) => new("expired", $"{what} has expired.");

    /// <summary>They do not have the form of any.</summary>
    public static CredentialException Malformed(string message) => new("malformed", message);

    /// <summary>A claim of a token is not there, or not as it has to be.</summary>
    public static CredentialException MalformedClaim(string claim, string message) =>
        new("malformed", message) { Claim = claim };

    /// <summary>They are well formed and not accepted.</summary>
    public static CredentialException Unknown(string message, Exception? cause = null) =>
        new("unknown", message, cause);
}
