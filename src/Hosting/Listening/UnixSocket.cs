using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Hosting.Listening;

/// <summary>Binds Unix domain sockets with their permissions set from the start.</summary>
internal static class UnixSocket
{
    /// <summary>Longest path in bytes: sockaddr_un has 108 including the terminating zero.</summary>
    public const int MaxPathBytes = 107;

    /// <summary>
    /// Binds the socket. Deletes a socket file that a crashed process left, but not one that a process listens on.
    /// </summary>
    /// <exception cref="IOException">Another process listens on the path.</exception>
    public static Socket Bind(UnixDomainSocketEndPoint endPoint, string path, UnixFileMode mode)
    {
        RemoveStale(endPoint, path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                socket.Bind(endPoint);
                return socket;
            }

            // Linux creates the file with the mode of the socket, less the umask. Only a chmod that widens the mode may
            // follow: one that narrows it would leave a gap.
            using (var handle = new SafeFileHandle(socket.Handle, ownsHandle: false))
            {
                File.SetUnixFileMode(handle, mode);
            }

            socket.Bind(endPoint);
            File.SetUnixFileMode(path, mode);
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

/// <summary>Binds TCP sockets.</summary>
internal static class TcpSocket
{
    /// <summary>
    /// Binds as Kestrel does by default, and disposes the socket when binding fails: a caller that retries would
    /// otherwise run out of file descriptors before a garbage collection.
    /// </summary>
    /// <exception cref="SocketException">
    /// The address cannot be bound, for example because another process listens on it.
    /// </exception>
    public static Socket Bind(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
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
}
