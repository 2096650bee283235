using System.Text.Json.Serialization;
using ForegSyte.Client.Calls;

namespace ForegSyte.Client;

/// <summary>
/// Who the client is, and whom it trusts. None of it is ever written to a log, an error or the text of an object.
/// </summary>
public sealed class ClientCredentials
{
    /// <summary>An API key, "fgs_ID.SECRET", as the operator of the server gave it out.</summary>
    /// <value>Default: none.</value>
    // Settings are written out as JSON now and then.
    [JsonIgnore]
    public string? ApiKey { get; set; }

    /// <summary>
    /// Path of a file with an API key. It is read again every few seconds, so that a key that was replaced needs no new
    /// client; while it cannot be read, the last key stays.
    /// </summary>
    /// <value>Default: none.</value>
    public string? ApiKeyFile { get; set; }

    /// <summary>Gives an API key for each call, from a vault for example; it should remember what it gave.</summary>
    /// <value>Default: none.</value>
    [JsonIgnore]
    public Func<CancellationToken, ValueTask<string>>? ApiKeyProvider { get; set; }

    /// <summary>
    /// Gives a bearer token, such as a JSON Web Token, for each call; it is asked each time, so that it can renew one
    /// that is about to expire.
    /// </summary>
    /// <value>Default: none.</value>
    [JsonIgnore]
    public Func<CancellationToken, ValueTask<string>>? BearerToken { get; set; }

    /// <summary>Path of a PEM file with the authorities that may have signed the server's certificate.</summary>
    /// <value>Default: none; the authorities of the system are trusted.</value>
    public string? CaFile { get; set; }

    /// <summary>Path of a PEM file with a client certificate, for a server that asks for one.</summary>
    /// <value>Default: none.</value>
    public string? CertificateFile { get; set; }

    /// <summary>Path of a PEM file with the key of <see cref="CertificateFile"/>.</summary>
    /// <value>Default: none; the key is in the file of the certificate.</value>
    public string? KeyFile { get; set; }

    /// <summary>
    /// Whether an API key or a token may go to another machine without TLS, where everyone on the way can read it.
    /// </summary>
    /// <value>Default: false. The loopback and Unix sockets need no leave.</value>
    public bool AllowUnencrypted { get; set; }

    private bool HasCertificates => CaFile is not null || CertificateFile is not null || KeyFile is not null;

    /// <summary>Credentials that nobody else can change.</summary>
    internal ClientCredentials Copy() => (ClientCredentials)MemberwiseClone();

    /// <summary>Checks that the settings go together, and that the files are what they have to be.</summary>
    /// <exception cref="ArgumentException">They do not; the message names them.</exception>
    internal void Validate(IReadOnlyList<Uri> addresses)
    {
        string[] secrets = [.. Secrets()];
        if (secrets.Length > 1)
        {
            throw new ArgumentException($"Give one of {string.Join(" and ", secrets)}.");
        }

        if (ApiKey is not null && !CallSecret.IsWellFormed(ApiKey))
        {
            throw new ArgumentException($"{nameof(ApiKey)} is no API key: it has to be printable, without spaces.");
        }

        if (ApiKeyFile is not null)
        {
            CallSecret.ReadFile(ApiKeyFile);
        }

        if (KeyFile is not null && CertificateFile is null)
        {
            throw new ArgumentException($"{nameof(KeyFile)} needs {nameof(CertificateFile)}.");
        }

        foreach (var address in addresses)
        {
            ValidateFor(address, hasSecret: secrets.Length > 0);
        }

        TlsSettings.For(this);
    }

    private IEnumerable<string> Secrets() =>
        from secret in new (string Name, object? Value)[]
        {
            (nameof(ApiKey), ApiKey),
            (nameof(ApiKeyFile), ApiKeyFile),
            (nameof(ApiKeyProvider), ApiKeyProvider),
            (nameof(BearerToken), BearerToken),
        }
        where secret.Value is not null
        select secret.Name;

    private void ValidateFor(Uri address, bool hasSecret)
    {
        if (HasCertificates && address.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException($"Certificates need an https address, not '{address}'.");
        }

        if (hasSecret && !AllowUnencrypted && address.Scheme == Uri.UriSchemeHttp && !address.IsLoopback)
        {
            throw new ArgumentException(
                $"An API key or token would go to {address} without TLS, where everyone on the way can read it. Use an "
                + $"https address, or set {nameof(AllowUnencrypted)}.");
        }
    }
}
