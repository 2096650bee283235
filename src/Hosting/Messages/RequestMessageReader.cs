using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Connections;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// Buffers the request message of a unary call within its limits of size, time and memory. Until the message is
/// complete, the call costs its bytes and does not count as running.
/// </summary>
/// <remarks>
/// The bytes stay in the pipe for gRPC. A compressed message counts with its compressed size here and with its full
/// size in gRPC, which stops decompressing at the largest limit.
/// </remarks>
internal sealed class RequestMessageReader(
    IOptions<ConnectionOptions> connections, IOptions<CallOptions> calls, SlowCallEvictor evictor, TimeProvider time)
{
    /// <summary>Returns when the message is complete, or when the caller has ended the request.</summary>
    /// <exception cref="ServiceException">MESSAGE_TOO_LARGE, DEADLINE_EXCEEDED or TOO_MANY_CALLS.</exception>
    public async Task BufferAsync(HttpContext context, MessageSizeLimit limit, CallMemory memory)
    {
        var reader = context.Request.BodyReader;
        MessageReadTimeout? timeout = null;
        try
        {
            while (true)
            {
                if (!reader.TryRead(out var read))
                {
                    timeout ??= new MessageReadTimeout(evictor, connections.Value, calls.Value, time);
                    read = await timeout.ReadAsync(reader);
                }

                if (IsComplete(reader, read, limit, memory, timeout))
                {
                    return;
                }
            }
        }
        finally
        {
            timeout?.Dispose();
        }
    }

    /// <summary>The error for a compressed message that exceeds its limit after decompression.</summary>
    public static ServiceException TooLargeDecompressed(MessageSizeLimit limit) =>
        new(
            ErrorReason.MessageTooLarge,
            FormattableString.Invariant(
                $"The decompressed request exceeds its limit of {limit.MaxBytes} bytes. {limit.WhatToDo}"))
        {
            Metadata = MetadataOf(limit),
        };

    private static bool IsComplete(
        PipeReader reader, ReadResult read, MessageSizeLimit limit, CallMemory memory, MessageReadTimeout? timeout)
    {
        var buffer = read.Buffer;
        var examined = buffer.End;
        try
        {
            long needed = GrpcPrefix.Length;
            if (buffer.Length >= GrpcPrefix.Length)
            {
                var prefix = GrpcPrefix.Read(buffer);
                if (prefix.MessageBytes > limit.MaxBytes)
                {
                    throw TooLarge(prefix, limit);
                }

                needed += prefix.MessageBytes;
                memory.SetRequestBytes(Math.Min(buffer.Length, needed));
                timeout?.ExtendFor(prefix.MessageBytes);
            }

            if (read.IsCompleted || read.IsCanceled || buffer.Length >= needed)
            {
                // Leaves the last byte unexamined, so that gRPC's next read returns at once.
                examined = buffer.IsEmpty ? buffer.End : buffer.GetPosition(buffer.Length - 1);
                return true;
            }

            return false;
        }
        finally
        {
            reader.AdvanceTo(buffer.Start, examined);
        }
    }

    private static ServiceException TooLarge(GrpcPrefix prefix, MessageSizeLimit limit)
    {
        var metadata = MetadataOf(limit);
        metadata["actualBytes"] = prefix.MessageBytes.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.MessageTooLarge,
            FormattableString.Invariant(
                $"The request has {prefix.MessageBytes} bytes, the limit is {limit.MaxBytes} bytes. {limit.WhatToDo}"))
        {
            Metadata = metadata,
        };
    }

    private static Dictionary<string, string> MetadataOf(MessageSizeLimit limit)
    {
        var metadata = new Dictionary<string, string>
        {
            ["limit"] = limit.MaxBytes.ToString(CultureInfo.InvariantCulture),
        };
        if (limit.Option.Length > 0)
        {
            metadata["option"] = limit.Option;
        }

        return metadata;
    }
}

/// <summary>The timeout of a message that is still arriving. It grows with the message's size.</summary>
internal sealed class MessageReadTimeout : IDisposable
{
    private readonly ConnectionOptions _connections;
    private readonly CallOptions _calls;
    private readonly CancellationTokenSource _end;
    private readonly SlowCall _slowCall;
    private volatile bool _isEvicted;
    private bool _isExtended;

    public MessageReadTimeout(
        SlowCallEvictor evictor, ConnectionOptions connections, CallOptions calls, TimeProvider time)
    {
        _connections = connections;
        _calls = calls;
        _end = new CancellationTokenSource(connections.DataGrace, time);
        _slowCall = evictor.Track(Evict);
    }

    /// <summary>Adds the time for a message of this size, once.</summary>
    public void ExtendFor(long messageBytes)
    {
        if (!_isExtended)
        {
            _isExtended = true;
            _end.CancelAfter(
                _connections.DataGrace + TimeSpan.FromSeconds((double)messageBytes / _connections.MinDataRate));
        }
    }

    /// <summary>Waits for more bytes.</summary>
    /// <exception cref="ServiceException">DEADLINE_EXCEEDED or TOO_MANY_CALLS.</exception>
    public async Task<ReadResult> ReadAsync(PipeReader reader)
    {
        try
        {
            return await reader.ReadAsync(_end.Token);
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            throw _isEvicted
                ? TooManyCalls.Error(
                    nameof(CallOptions.MaxSlow), _calls.MaxSlow, _calls.BusyRetryDelay,
                    "The request was the slowest of too many slow requests")
                : TooSlow();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _slowCall.Dispose();
        _end.Dispose();
    }

    private void Evict()
    {
        _isEvicted = true;
        _end.Cancel();
    }

    private ServiceException TooSlow()
    {
        const string option = $"{ConnectionOptions.Section}:{nameof(ConnectionOptions.MinDataRate)}";
        var limit = _connections.MinDataRate.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.DeadlineExceeded,
            $"The request arrived slower than {limit} bytes per second (option {option}). Send it faster, or in parts.")
        {
            Metadata = new Dictionary<string, string> { ["option"] = option, ["limit"] = limit },
        };
    }
}

/// <summary>
/// The five bytes before each gRPC message: a flag (1 if the message is compressed) and the length of the message in
/// big-endian order (grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message").
/// </summary>
/// <param name="IsCompressed">Whether <paramref name="MessageBytes"/> is the compressed size.</param>
/// <param name="MessageBytes">Size of the message on the wire, without the prefix.</param>
internal readonly record struct GrpcPrefix(bool IsCompressed, uint MessageBytes)
{
    /// <summary>Size of a prefix in bytes.</summary>
    public const int Length = 5;

    /// <summary>Reads the prefix at the start of a buffer of at least <see cref="Length"/> bytes.</summary>
    public static GrpcPrefix Read(ReadOnlySequence<byte> buffer)
    {
        Span<byte> prefix = stackalloc byte[Length];
        buffer.Slice(0, Length).CopyTo(prefix);
        return new GrpcPrefix(prefix[0] != 0, BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]));
    }
}
