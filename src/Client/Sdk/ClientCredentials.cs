using System.Text.Json.Serialization;
using ForegSyte.Client.Calls;

namespace ForegSyte.Client;

/// <summary>
/// Credentials of the client, and the certificate authorities that it trusts. Keys and tokens never appear in a log, an
/// error or the text of an object.
/// </summary>
public sealed class ClientCredentials
{
    /// <summary>An API key, "fgs_ID.SECRET", from the operator of the server.</summary>
    /// <value>Default: none.</value>
    // Applications may serialize their settings.
    [JsonIgnore]
    public string? ApiKey { get; set; }

    /// <summary>
    /// Path of a file with an API key. The client reads it again every few seconds, so a replaced key needs no new
    /// client. While the file cannot be read, the client keeps using the last key.
    /// </summary>
    /// <value>Default: none.</value>
    public string? ApiKeyFile { get; set; }

    /// <summary>
    /// Returns the API key for each call, for example from a vault. The client calls it every time, so it should cache.
    /// </summary>
    /// <value>Default: none.</value>
    [JsonIgnore]
    public Func<CancellationToken, ValueTask<string>>? ApiKeyProvider { get; set; }

    /// <summary>
    /// Returns the bearer token, such as a JSON Web Token, for each call. The client calls it every time, so it can
    /// renew a token that is about to expire.
    /// </summary>
    /// <value>Default: none.</value>
    [JsonIgnore]
    public Func<CancellationToken, ValueTask<string>>? BearerToken { get; set; }

    /// <summary>Path of a PEM file with the certificate authorities to trust.</summary>
    /// <value>Default: none; the client trusts the authorities of the system.</value>
    public string? CaFile { get; set; }

    /// <summary>Path of a PEM file with a client certificate, for a server that requires one.</summary>
    /// <value>Default: none.</value>
    public string? CertificateFile { get; set; }

    /// <summary>Path of a PEM file with the private key of <see cref="CertificateFile"/>.</summary>
    /// <value>Default: none; the file of the certificate contains the key.</value>
    public string? KeyFile { get; set; }

    /// <summary>
    /// Whether the client may send an API key or a token to another machine without TLS, readable by everyone on the
    /// network path.
    /// </summary>
    /// <value>Default: false. Loopback addresses and Unix sockets are always allowed.</value>
    public bool AllowUnencrypted { get; set; }

    private bool HasCertificates => CaFile is not null || CertificateFile is not null || KeyFile is not null;

    /// <summary>Copies the credentials, so that the caller cannot change them later.</summary>
    internal ClientCredentials Copy() => (ClientCredentials)MemberwiseClone();

    /// <summary>Validates the settings against each other and the addresses, and reads the files.</summary>
    /// <exception cref="ArgumentException">A setting is invalid; the message names it.</exception>
    internal void Validate(IReadOnlyList<Uri> addresses)
    {
        string[] secrets = [.. Secrets()];
        if (secrets.Length > 1)
        {
            throw new ArgumentException($"Set only one of {string.Join(" and ", secrets)}.");
        }

        if (ApiKey is not null && !AuthenticationHeader.IsWellFormed(ApiKey))
        {
            throw new ArgumentException($"{nameof(ApiKey)} must be printable ASCII without spaces.");
        }

        if (ApiKeyFile is not null)
        {
            Calls.ApiKeyFile.ReadKey(ApiKeyFile);
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
                $"The API key or token would go to {address} without TLS, readable by everyone on the network path. "
                + $"Use an https address, or set {nameof(AllowUnencrypted)}.");
        }
    }
}
