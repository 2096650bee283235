using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace ForegSyte.Jobs.Tests.Storage.S3;

/// <summary>Accepts TLS connections on the loopback and passes their bytes on to a server without TLS.</summary>
internal sealed class TlsTerminator : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _server;
    private readonly X509Certificate2 _certificate;
    private readonly Task _accepting;

    /// <param name="server">The server without TLS.</param>
    /// <param name="certificate">PEM files of the certificate to present.</param>
    public TlsTerminator(Uri server, (string CertificateFile, string KeyFile) certificate)
    {
        _server = server;
        _certificate = X509Certificate2.CreateFromPemFile(certificate.CertificateFile, certificate.KeyFile);
        _listener.Start();
        Endpoint = new UriBuilder(Uri.UriSchemeHttps, "127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port).Uri;
        _accepting = AcceptAsync();
    }

    /// <summary>Its address.</summary>
    public Uri Endpoint { get; }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
        _certificate.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // It is disposed.
        }

        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(TcpClient caller)
    {
        using var incoming = caller;
        using var outgoing = new TcpClient();
        await using var secured = new SslStream(incoming.GetStream());
        try
        {
            await secured.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            await outgoing.ConnectAsync(_server.Host, _server.Port, _stop.Token);
            var plain = outgoing.GetStream();
            await Task.WhenAny(secured.CopyToAsync(plain, _stop.Token), plain.CopyToAsync(secured, _stop.Token));
        }
        catch (Exception exception) when (exception is IOException or SocketException
            or System.Security.Authentication.AuthenticationException or OperationCanceledException)
        {
            // The caller refused the certificate or closed the connection.
        }
    }
}
