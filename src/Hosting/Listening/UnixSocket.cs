using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Hosting.Listening;

/// <summary>Makes the listening socket below a path, with its permissions from its first moment on.</summary>
internal static class UnixSocket
{
    /// <summary>
    /// Longest path in bytes: sockaddr_un has 108, and its zero at the end.
    /// </summary>
    public const int MaxPathBytes = 107;

    /// <summary>
    /// Binds a socket. A file that a crashed service left is removed; one that is listened on is not.
    /// </summary>
    /// <exception cref="IOException">Another process listens there.</exception>
    public static Socket Bind(UnixDomainSocketEndPoint endPoint, string path, UnixFileMode mode)
    {
        RemoveStale(endPoint, path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Linux makes the file with the mode that the socket has: changing it afterwards would leave a gap.
            if (!OperatingSystem.IsWindows())
            {
                using var handle = new SafeFileHandle(socket.Handle, ownsHandle: false);
                File.SetUnixFileMode(handle, mode);
            }

            socket.Bind(endPoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void RemoveStale(EndPoint endPoint, string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new IOException($"Another process listens on {path} (Listen:UnixSocket).");
    }
}
