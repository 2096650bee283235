using System.Net.Security;

namespace ForegSyte.Hosting.Security.Certificates;

/// <summary>
/// The cipher suites of TLS 1.2 and 1.3: forward secrecy and authenticated encryption, and none with CBC. OpenSSL's own
/// list can contain CBC suites of TLS 1.2.
/// </summary>
internal static class TlsCipherSuites
{
    /// <summary>The policy; null where the operating system has its own (Windows, macOS).</summary>
    public static CipherSuitesPolicy? Policy { get; } = OperatingSystem.IsLinux()
        ? new CipherSuitesPolicy(
        [
            TlsCipherSuite.TLS_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
            TlsCipherSuite.TLS_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ])
        : null;
}
