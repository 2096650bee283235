using System.Net;
using System.Net.Sockets;
using ForegSyte.Hosting.Listening;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Hosting;

public sealed class PreboundListenersTests : IDisposable
{
    private readonly TcpListener _before = new(IPAddress.Loopback, 0);

    public PreboundListenersTests() => _before.Start();

    private int Port => ((IPEndPoint)_before.LocalEndpoint).Port;

    public void Dispose() => _before.Dispose();

    [Fact]
    public void Hold_PortThatIsTakenForLong_LeavesNoSocketsBehind()
    {
        // A start may try for hours; other tests open some files meanwhile.
        const int tries = 2_000;
        using var held = new PreboundListeners(
            Options.Create(new ListenerOptions { Port = Port }));
        var before = OpenSockets();

        for (var i = 0; i < tries; i++)
        {
            held.Hold();
        }

        Assert.InRange(OpenSockets() - before, -tries, tries / 10);
        Assert.Null(held.Take(new IPEndPoint(IPAddress.Loopback, Port)));
    }

    [Fact]
    public void Hold_PortThatBecameFree_IsHandedOverOnce()
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, Port);
        using var held = new PreboundListeners(
            Options.Create(new ListenerOptions { Port = Port }));
        held.Hold();
        _before.Stop();
        held.Hold();
        using var caller = new TcpClient(AddressFamily.InterNetwork);
        caller.Connect(endPoint);

        using var socket = held.Take(endPoint);

        Assert.NotNull(socket);
        using var accepted = socket.Accept();
        Assert.Equal(caller.Client.LocalEndPoint, accepted.RemoteEndPoint);
        Assert.Null(held.Take(endPoint));
    }

    [Fact]
    public void Hold_PortForHttp_IsHeldToo()
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, Port);
        _before.Stop();
        using var held = new PreboundListeners(
            Options.Create(new ListenerOptions { Port = 0, HttpPort = endPoint.Port }));

        held.Hold();

        using var socket = held.Take(endPoint);
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
