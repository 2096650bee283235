using System.Buffers;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Finds the data in an encoded UploadPartRequest (https://protobuf.dev/programming-guides/encoding/) without copying
/// them. Pure.
/// </summary>
internal static class PartMessage
{
    private const uint DataTag = (UploadPartRequest.DataFieldNumber << 3) | (uint)WireFormat.WireType.LengthDelimited;
    private const int WireTypeMask = 7;
    private const int LongestVarint = 10;

    /// <summary>
    /// Splits a message into its data (the last where there are several, as generated code has it) and everything else.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="split">A message of the same fields without data, and the data, a part of the message.</param>
    /// <returns>
    /// False where the message is broken, or of a form that nobody makes: let generated code judge it.
    /// </returns>
    public static bool TrySplit(
        ReadOnlySequence<byte> message, out (ReadOnlySequence<byte> Head, ReadOnlySequence<byte> Data) split)
    {
        split = default;
        var data = ReadOnlySequence<byte>.Empty;
        var head = new ArrayBufferWriter<byte>();
        var reader = new SequenceReader<byte>(message);
        while (!reader.End)
        {
            var field = reader.UnreadSequence;
            var start = reader.Consumed;
            if (!TryReadVarint(ref reader, out var tag) || LengthOf(tag, ref reader) is not { } length)
            {
                return false;
            }

            if (tag == DataTag)
            {
                data = reader.UnreadSequence.Slice(0, length);
                reader.Advance(length);
                continue;
            }

            reader.Advance(length);
            foreach (var block in field.Slice(0, reader.Consumed - start))
            {
                head.Write(block.Span);
            }
        }

        split = (new ReadOnlySequence<byte>(head.WrittenMemory), data);
        return true;
    }

    /// <summary>
    /// How many bytes of a field come from here on, the length before them read; null where there are not that many, or
    /// its form is not one of the four that are in use.
    /// </summary>
    private static long? LengthOf(ulong tag, ref SequenceReader<byte> reader)
    {
        ulong length = 0;
        switch ((WireFormat.WireType)(tag & WireTypeMask))
        {
            case WireFormat.WireType.Varint:
                return TryReadVarint(ref reader, out _) ? 0 : null;
            case WireFormat.WireType.Fixed32:
                length = sizeof(uint);
                break;
            case WireFormat.WireType.Fixed64:
                length = sizeof(ulong);
                break;
            case WireFormat.WireType.LengthDelimited when TryReadVarint(ref reader, out length):
                break;
            default:
                return null;
        }

        return length <= (ulong)reader.Remaining ? (long)length : null;
    }

    private static bool TryReadVarint(ref SequenceReader<byte> reader, out ulong value)
    {
        value = 0;
        for (var index = 0; index < LongestVarint && reader.TryRead(out var next); index++)
        {
            value |= (ulong)(next & 0x7F) << (7 * index);
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
