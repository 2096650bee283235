using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ForegSyte.Client.Calls;

/// <summary>TLS settings from the PEM files of the credentials.</summary>
internal static class TlsSettings
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Reads the files of these credentials.</summary>
    /// <exception cref="ArgumentException">A file cannot be read or is not valid PEM.</exception>
    public static SslClientAuthenticationOptions For(ClientCredentials credentials)
    {
        var settings = new SslClientAuthenticationOptions();
        if (credentials.CaFile is { } caFile)
        {
            settings.CertificateChainPolicy = Load(nameof(credentials.CaFile), caFile, () => PolicyFor(caFile));
        }

        if (credentials.CertificateFile is { } file)
        {
            settings.ClientCertificates =
            [
                Load(
                    nameof(credentials.CertificateFile), file,
                    () => X509Certificate2.CreateFromPemFile(file, credentials.KeyFile ?? file)),
            ];
        }

        return settings;
    }

    private static X509ChainPolicy PolicyFor(string caFile)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            ApplicationPolicy = { new Oid(ServerAuthentication) },
        };
        policy.CustomTrustStore.ImportFromPemFile(caFile);
        return policy.CustomTrustStore.Count > 0
            ? policy
            : throw new CryptographicException("The file has no certificate.");
    }

    private static T Load<T>(string setting, string path, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException
            or CryptographicException or ArgumentException)
        {
            throw new ArgumentException(
                $"{setting} '{path}' cannot be used; it must be a readable PEM file: {failure.Message}", failure);
        }
    }
}
