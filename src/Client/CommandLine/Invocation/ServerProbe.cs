using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>
/// Finds out what answers at an address where no gRPC call succeeds. The errors of the failed call do not tell: they
/// depend on which side closes the connection first.
/// </summary>
internal static class ServerProbe
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(2);

    /// <summary>Says what is wrong with an http address, and what to do; null if the probe finds nothing.</summary>
    public static async Task<string?> DescribeAsync(Uri address)
    {
        if (address.Scheme != Uri.UriSchemeHttp)
        {
            return null;
        }

        using var limit = new CancellationTokenSource(TimeLimit);
        if (await SpeaksTlsAsync(address, limit.Token))
        {
            return $"The server at {address} uses TLS. Use https://{address.Authority}.";
        }

        return await SpeaksHttp1Async(address, limit.Token)
            ? $"{address} is the port for HTTP with JSON, or another web server. Use the port for gRPC, which the "
                + "server logs when it starts (\"Now listening on\"); its default is 5200."
            : null;
    }

    /// <summary>Whether something accepts connections at an http or https address; true for others.</summary>
    public static async Task<bool> ListensAsync(Uri address)
    {
        if (address.Scheme is not ("http" or "https"))
        {
            return true;
        }

        using var limit = new CancellationTokenSource(TimeLimit);
        return await TryAsync(address, _ => Task.FromResult(true), limit.Token);
    }

    private static Task<bool> SpeaksTlsAsync(Uri address, CancellationToken cancellationToken) => TryAsync(
        address,
        async stream =>
        {
            await using var tls = new SslStream(stream, leaveInnerStreamOpen: true);
            try
            {
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions { TargetHost = address.Host }, cancellationToken);
                return true;
            }
            catch (AuthenticationException refused)
            {
                // Only a server with TLS has a certificate to refuse.
                return refused.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase);
            }
        },
        cancellationToken);

    private static Task<bool> SpeaksHttp1Async(Uri address, CancellationToken cancellationToken) => TryAsync(
        address,
        async stream =>
        {
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes($"HEAD / HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: close\r\n\r\n"),
                cancellationToken);
            var start = new byte["HTTP/1.".Length];
            await stream.ReadExactlyAsync(start, cancellationToken);
            return Encoding.ASCII.GetString(start) == "HTTP/1.";
        },
        cancellationToken);

    private static async Task<bool> TryAsync(
        Uri address, Func<NetworkStream, Task<bool>> speaks, CancellationToken cancellationToken)
    {
        try
        {
            using var connection = new TcpClient();
            await connection.ConnectAsync(address.IdnHost, address.Port, cancellationToken);
            return await speaks(connection.GetStream());
        }
        catch (Exception)
        {
            // The command reports the failure of its call.
            return false;
        }
    }
}
