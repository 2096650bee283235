using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>A TLS server that sends arbitrary bytes.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    /// <param name="certificate">The certificate; null for a server without TLS.</param>
    /// <param name="answer">Called with each connection after the head of the request.</param>
    public RawServer(X509Certificate2? certificate, Func<Stream, CancellationToken, Task> answer)
    {
        _listener.Start();
        _accepting = AcceptAsync(certificate, answer);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Number of accepted connections.</summary>
    public int Connections { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync(X509Certificate2? certificate, Func<Stream, CancellationToken, Task> answer)
    {
        var running = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                Connections++;
                running.Add(ServeAsync(socket, certificate, answer));
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await Task.WhenAll(running);
    }

    private async Task ServeAsync(
        Socket socket, X509Certificate2? certificate, Func<Stream, CancellationToken, Task> answer)
    {
        try
        {
            await using var plain = new NetworkStream(socket, ownsSocket: true);
            if (certificate is null)
            {
                await answer(plain, _stop.Token);
                return;
            }

            await using var secure = new SslStream(plain);
            await secure.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    // Offline: the server must not download the issuer, since a test watches for that download.
                    ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
                },
                _stop.Token);
            var head = new byte[16 << 10];
            for (var read = 0; !head.AsSpan(0, read).EndsWith("\r\n\r\n"u8);)
            {
                read += await secure.ReadAtLeastAsync(head.AsMemory(read), 1, true, _stop.Token);
            }

            await answer(secure, _stop.Token);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException
            or System.Security.Authentication.AuthenticationException)
        {
            // Most of these tests make the client close the connection.
        }
    }
}
