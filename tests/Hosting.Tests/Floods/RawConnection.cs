using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ForegSyte.Hosting.Tests.Floods;

/// <summary>
/// An HTTP/2 connection that is written frame by frame (RFC 9113), so that it can misbehave. Header blocks are HPACK
/// literals (RFC 7541, 6.2.2) without tables and Huffman codes.
/// </summary>
internal sealed class RawConnection : IAsyncDisposable
{
    public const byte Data = 0x0;
    public const byte Headers = 0x1;
    public const byte ResetStream = 0x3;
    public const byte Settings = 0x4;
    public const byte Ping = 0x6;
    public const byte Continuation = 0x9;

    public const byte EndStream = 0x1;
    public const byte EndHeaders = 0x4;

    private const int FrameHeaderLength = 9;
    private const int InitialWindowSize = 0x4;
    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    private readonly Socket _socket;
    private readonly MemoryStream _pending = new();
    private int _nextStream = 1;

    private RawConnection(Socket socket) => _socket = socket;

    /// <summary>Opens a TCP connection without sending anything.</summary>
    public static async Task<RawConnection> OpenAsync(Uri address, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port), cancellationToken);
        return new RawConnection(socket);
    }

    /// <summary>Opens an HTTP/2 connection.</summary>
    /// <param name="address">The service.</param>
    /// <param name="windowBytes">Initial stream window; null for the default of 65535.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static async Task<RawConnection> GreetAsync(
        Uri address, int? windowBytes, CancellationToken cancellationToken)
    {
        var connection = await OpenAsync(address, cancellationToken);
        connection._pending.Write(Preface);
        var settings = Array.Empty<byte>();
        if (windowBytes is { } window)
        {
            settings = new byte[6];
            BinaryPrimitives.WriteUInt16BigEndian(settings, InitialWindowSize);
            BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(2), window);
        }

        connection.Frame(Settings, 0, 0, settings);
        return await connection.FlushAsync(cancellationToken)
            ? connection
            : throw new IOException("The server closed the connection.");
    }

    /// <summary>Sends half of the preface.</summary>
    public Task<bool> SendHalfPrefaceAsync(CancellationToken cancellationToken)
    {
        _pending.Write(Preface.AsSpan(0, Preface.Length / 2));
        return FlushAsync(cancellationToken);
    }

    /// <summary>Opens a connection with a small receive buffer.</summary>
    public static async Task<RawConnection> OpenNarrowAsync(Uri address, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveBufferSize = 4096,
        };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port), cancellationToken);
        return new RawConnection(socket);
    }

    /// <summary>Sends text of HTTP/1.1.</summary>
    public Task<bool> SendTextAsync(string text, CancellationToken cancellationToken)
    {
        _pending.Write(Encoding.ASCII.GetBytes(text));
        return FlushAsync(cancellationToken);
    }

    /// <summary>Adds the headers of a gRPC call and returns its stream id.</summary>
    public int Call(string method, byte flags = EndHeaders, params (string Name, string Value)[] more)
    {
        var stream = _nextStream;
        _nextStream += 2;
        Frame(Headers, flags, stream, HeaderBlock(
        [
            (":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"), .. more,
        ]));
        return stream;
    }

    /// <summary>Adds a message, possibly with a larger announced length.</summary>
    public void Message(int stream, byte[] bytes, int? announced = null, byte flags = EndStream)
    {
        var data = new byte[5 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(1), announced ?? bytes.Length);
        bytes.CopyTo(data, 5);
        Frame(Data, flags, stream, data);
    }

    /// <summary>Adds a frame.</summary>
    public void Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FrameHeaderLength];
        BinaryPrimitives.WriteInt32BigEndian(header, payload.Length << 8);
        header[3] = type;
        header[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(header[5..], stream);
        _pending.Write(header);
        _pending.Write(payload);
    }

    /// <summary>A header block of literals.</summary>
    public static byte[] HeaderBlock(params (string Name, string Value)[] headers)
    {
        var block = new MemoryStream();
        foreach (var (name, value) in headers)
        {
            block.WriteByte(0);
            WriteText(block, name);
            WriteText(block, value);
        }

        return block.ToArray();
    }

    /// <summary>Sends the added frames; false if the server has closed the connection.</summary>
    public async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _socket.SendAsync(_pending.GetBuffer().AsMemory(0, (int)_pending.Length), cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        finally
        {
            _pending.SetLength(0);
        }
    }

    /// <summary>Discards incoming bytes until the server closes the connection.</summary>
    public async Task ReadToEndAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(buffer, cancellationToken) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // The server reset the connection.
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _pending.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes an HPACK string: the length with a prefix of 7 bits, then the bytes.</summary>
    private static void WriteText(MemoryStream block, string text)
    {
        const int PrefixMax = 127;
        var length = text.Length;
        if (length < PrefixMax)
        {
            block.WriteByte((byte)length);
        }
        else
        {
            block.WriteByte(PrefixMax);
            for (length -= PrefixMax; length >= 128; length >>= 7)
            {
                block.WriteByte((byte)((length & 0x7f) | 0x80));
            }

            block.WriteByte((byte)length);
        }

        block.Write(Encoding.ASCII.GetBytes(text));
    }
}
