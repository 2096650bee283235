using System.Buffers;
using System.Buffers.Binary;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// The five bytes before each gRPC message: a flag (1 where the message is compressed), then the length that follows,
/// big-endian (grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message").
/// </summary>
/// <param name="IsCompressed">Whether <paramref name="MessageBytes"/> counts compressed bytes.</param>
/// <param name="MessageBytes">Bytes of the message on the wire, without the prefix.</param>
internal readonly record struct GrpcPrefix(bool IsCompressed, uint MessageBytes)
{
    /// <summary>Bytes of a prefix.</summary>
    public const int Length = 5;

    /// <summary>Reads the prefix at the start of a buffer of at least <see cref="Length"/> bytes.</summary>
    public static GrpcPrefix Read(ReadOnlySequence<byte> buffer)
    {
        Span<byte> prefix = stackalloc byte[Length];
        buffer.Slice(0, Length).CopyTo(prefix);
        return new GrpcPrefix(prefix[0] != 0, BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]));
    }
}
