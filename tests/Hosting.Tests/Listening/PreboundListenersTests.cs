using System.Net;
using System.Net.Sockets;
using ForegSyte.Hosting.Listening;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Listening;

public sealed class PreboundListenersTests : IDisposable
{
    private readonly TcpListener _predecessor = new(IPAddress.Loopback, 0);

    public PreboundListenersTests() => _predecessor.Start();

    private int Port => ((IPEndPoint)_predecessor.LocalEndpoint).Port;

    public void Dispose() => _predecessor.Dispose();

    [Fact]
    public void BindAvailable_PortInUseForLong_LeaksNoSockets()
    {
        // A start can retry for hours. Other tests open some sockets meanwhile.
        const int tries = 2_000;
        using var prebound = new PreboundListeners(Options.Create(new ListenerOptions { Port = Port }));
        var before = OpenSockets();

        for (var i = 0; i < tries; i++)
        {
            prebound.BindAvailable();
        }

        Assert.InRange(OpenSockets() - before, -tries, tries / 10);
        Assert.Null(prebound.Take(new IPEndPoint(IPAddress.Loopback, Port)));
    }

    [Fact]
    public void BindAvailable_PortBecomesFree_IsTakenOnce()
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, Port);
        using var prebound = new PreboundListeners(Options.Create(new ListenerOptions { Port = Port }));
        prebound.BindAvailable();
        _predecessor.Stop();
        prebound.BindAvailable();
        using var caller = new TcpClient(AddressFamily.InterNetwork);
        caller.Connect(endPoint);

        using var socket = prebound.Take(endPoint);

        Assert.NotNull(socket);
        using var accepted = socket.Accept();
        Assert.Equal(caller.Client.LocalEndPoint, accepted.RemoteEndPoint);
        Assert.Null(prebound.Take(endPoint));
    }

    [Fact]
    public void BindAvailable_PortForHttp_IsBoundToo()
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, Port);
        _predecessor.Stop();
        using var prebound = new PreboundListeners(
            Options.Create(new ListenerOptions { Port = 0, HttpPort = endPoint.Port }));

        prebound.BindAvailable();

        using var socket = prebound.Take(endPoint);
        Assert.NotNull(socket);
    }

    private static int OpenSockets() => OperatingSystem.IsLinux()
        ? Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(IsSocket)
        : 0;

    private static bool IsSocket(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
