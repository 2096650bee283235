using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ForegSyte.Faults.Tests;

/// <summary>Passes TCP connections on to an address until they are cut.</summary>
internal sealed class CuttableWire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _target;
    private readonly Task _accepting;

    public CuttableWire(Uri target)
    {
        _target = target;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where to connect instead of the target.</summary>
    public Uri Address { get; }

    /// <summary>Cuts all connections that are open; later ones are passed on again.</summary>
    public void Cut()
    {
        foreach (var socket in _open.Keys)
        {
            try
            {
                // A reset and not an orderly end.
                socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }
            catch (ObjectDisposedException)
            {
                // It ended by itself in the meantime.
                _open.TryRemove(socket, out _);
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        Cut();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var near = await _listener.AcceptSocketAsync(_end.Token);
            _ = PassOnAsync(near);
        }
    }

    private async Task PassOnAsync(Socket near)
    {
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _open[near] = true;
        _open[far] = true;
        try
        {
            await far.ConnectAsync(_target.Host, _target.Port, _end.Token);
            await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
        }
        catch (SocketException)
        {
            // The target is not there: the near side sees its connection end, as it would without the wire.
        }
        finally
        {
            _open.TryRemove(near, out _);
            _open.TryRemove(far, out _);
            near.Dispose();
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        try
        {
            await using var source = new NetworkStream(from);
            await using var target = new NetworkStream(to);
            await source.CopyToAsync(target);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // Cut, or ended by a side.
        }
    }
}
