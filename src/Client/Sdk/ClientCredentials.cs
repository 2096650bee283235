namespace ForegSyte.Client;

/// <summary>
/// Who the client is, and whom it trusts. None of it is ever written to a log, an error or the text of an object.
/// </summary>
public sealed class ClientCredentials
{
    /// <summary>An API key, "fgs_ID.SECRET", as the operator of the server gave it out.</summary>
    /// <value>Default: none.</value>
    public string? ApiKey { get; init; }

    /// <summary>
    /// Gives a bearer token, such as a JSON Web Token, for each call; it is asked each time, so that it can renew one
    /// that is about to expire. Not together with <see cref="ApiKey"/>.
    /// </summary>
    /// <value>Default: none.</value>
    public Func<CancellationToken, ValueTask<string>>? BearerToken { get; init; }

    /// <summary>Path of a PEM file with the authorities that may have signed the server's certificate.</summary>
    /// <value>Default: none; the authorities of the system are trusted.</value>
    public string? CaFile { get; init; }

    /// <summary>Path of a PEM file with a client certificate, for a server that asks for one.</summary>
    /// <value>Default: none.</value>
    public string? CertificateFile { get; init; }

    /// <summary>Path of a PEM file with the key of <see cref="CertificateFile"/>.</summary>
    /// <value>Default: none; the key is in the file of the certificate.</value>
    public string? KeyFile { get; init; }

    /// <summary>
    /// Whether an API key or a token may go to another machine without TLS, where everyone on the way can read it.
    /// </summary>
    /// <value>Default: false. The loopback and Unix sockets need no leave.</value>
    public bool AllowUnencrypted { get; init; }

    private bool HasSecret => ApiKey is not null || BearerToken is not null;

    private bool HasCertificates => CaFile is not null || CertificateFile is not null || KeyFile is not null;

    /// <summary>Checks that the settings go together.</summary>
    /// <exception cref="ArgumentException">They do not; the message names them.</exception>
    internal void Validate(Uri address)
    {
        if (ApiKey is not null && BearerToken is not null)
        {
            throw new ArgumentException($"Give one of {nameof(ApiKey)} and {nameof(BearerToken)}.");
        }

        if (ApiKey is not null && (ApiKey.Length == 0 || ApiKey.Any(x => x is < '!' or > '~')))
        {
            throw new ArgumentException($"{nameof(ApiKey)} is no API key: it has to be printable, without spaces.");
        }

        if (KeyFile is not null && CertificateFile is null)
        {
            throw new ArgumentException($"{nameof(KeyFile)} needs {nameof(CertificateFile)}.");
        }

        if (HasCertificates && address.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException($"Certificates need an https address, not '{address}'.");
        }

        if (HasSecret && !AllowUnencrypted && address.Scheme == Uri.UriSchemeHttp && !address.IsLoopback)
        {
            throw new ArgumentException(
                $"An API key or token would go to {address} without TLS, where everyone on the way can read it. Use an "
                + $"https address, or set {nameof(AllowUnencrypted)}.");
        }
    }
}
