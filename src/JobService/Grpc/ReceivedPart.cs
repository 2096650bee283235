using System.Buffers;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// The message of UploadPart. Its data are copied once, from the blocks that they arrived in to where the disk takes
/// them from, and their checksum is made on the way, while they are close to the processor. All else is read by
/// generated code.
/// </summary>
internal sealed class ReceivedPart
{
    private ReceivedPart(UploadPartRequest request, ReadOnlyMemory<byte> data, uint crc32C) =>
        (Request, Data, Crc32C) = (request, data, crc32C);

    /// <summary>Everything but the data.</summary>
    public UploadPartRequest Request { get; }

    /// <summary>The data.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>The CRC-32C that they have.</summary>
    public uint Crc32C { get; }

    /// <summary>Reads a message.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is none.</exception>
    public static ReceivedPart Read(ReadOnlySequence<byte> message)
    {
        var (head, data) = PartMessage.TrySplit(message, out var split) ? split : (message, default);
        var request = UploadPartRequest.Parser.ParseFrom(head);
        if (request.Data.Length > 0)
        {
            data = new ReadOnlySequence<byte>(request.Data.Memory);
            request.Data = ByteString.Empty;
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)data.Length);
        return new ReceivedPart(request, bytes, Copy(data, bytes));
    }

    private static uint Copy(ReadOnlySequence<byte> data, Span<byte> target)
    {
        var checksum = 0u;
        foreach (var block in data)
        {
            block.Span.CopyTo(target);
            checksum = ForegSyte.Protocol.Checksums.Crc32C.Of(target[..block.Length], checksum);
            target = target[block.Length..];
        }

        return checksum;
    }
}
