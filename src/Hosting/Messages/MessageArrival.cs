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
/// Waits until the request message of a unary call is there, within its limits of size, time and memory. Until then the
/// call costs its bytes and nothing else: it takes no place from calls that are worked on.
/// </summary>
/// <remarks>
/// The bytes stay in the pipe for gRPC. A compressed message counts by its compressed length here, and by its full
/// length in gRPC, which stops unpacking at the largest limit.
/// </remarks>
internal sealed class MessageArrival(
    IOptions<ConnectionOptions> connections, IOptions<CallOptions> calls, SlowCallEvictor slow, TimeProvider time)
{
    /// <summary>Returns when the message is there, or when the caller has sent all that it will.</summary>
    /// <exception cref="ServiceException">MESSAGE_TOO_LARGE, DEADLINE_EXCEEDED or TOO_MANY_CALLS.</exception>
    public async Task WaitAsync(HttpContext context, MessageSizeLimit limit, CallTransfer transfer)
    {
        var reader = context.Request.BodyReader;
        SlowArrival? wait = null;
        try
        {
            while (true)
            {
                if (!reader.TryRead(out var read))
                {
                    wait ??= new SlowArrival(slow, connections.Value, calls.Value, time);
                    read = await wait.ReadAsync(reader);
                }

                if (IsThere(reader, read, limit, transfer, wait))
                {
                    return;
                }
            }
        }
        finally
        {
            wait?.Dispose();
        }
    }

    /// <summary>The failure of a message that is small enough where it is packed, and not where it is not.</summary>
    public static ServiceException TooLargeUnpacked(MessageSizeLimit limit) =>
        new(
            ErrorReason.MessageTooLarge,
            FormattableString.Invariant(
                $"The request unpacks to more than its limit of {limit.MaxBytes} bytes. {limit.WhatToDo}"))
        {
            Metadata = MetadataOf(limit),
        };

    private static bool IsThere(
        PipeReader reader, ReadResult read, MessageSizeLimit limit, CallTransfer transfer, SlowArrival? wait)
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
                transfer.CountArrived(Math.Min(buffer.Length, needed));
                wait?.Expect(prefix.MessageBytes);
            }

            if (read.IsCompleted || read.IsCanceled || buffer.Length >= needed)
            {
                // The last byte counts as not looked at: the next read, gRPC's own, returns at once.
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
