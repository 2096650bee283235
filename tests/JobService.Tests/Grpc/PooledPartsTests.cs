using System.Buffers;
using CsCheck;
using ForegSyte.Jobs.Grpc;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Tests.Grpc;

public sealed class PooledPartsTests
{
    [Fact]
    public void Parse_AnyBytesInAnyBlocks_AgreesWithTheGeneratedParser() =>
        Gen.Select(Fields, Gen.Int[0, 3], Gen.Int[1, 50]).Sample((fields, missing, blockBytes) =>
        {
            byte[] message = [.. fields.SelectMany(field => field)];
            message = message[..Math.Max(0, message.Length - missing)];

            Assert.Equal(
                Outcome(() => UploadPartRequest.Parser.ParseFrom(message)),
                Outcome(() => PooledParts.Parse(InBlocks(message, blockBytes))));
        });

    [Fact]
    public void Parse_AfterReturn_HasTheBytesOfItsOwnMessage()
    {
        foreach (var length in new[] { 2 << 20, 1000, 0, 2 << 20 })
        {
            var sent = new UploadPartRequest { UploadId = "a", Offset = length, Crc32C = 7, Data = Bytes(length) };

            var received = PooledParts.Parse(new ReadOnlySequence<byte>(sent.ToByteArray()));

            Assert.Equal(sent, received);
            PooledParts.Return(received);
        }
    }

    [Fact]
    public void Parse_TwoUnreturnedRequests_ShareNoMemory()
    {
        var first = PooledParts.Parse(InBlocks(new UploadPartRequest { Data = Bytes(10) }.ToByteArray(), 5));
        var second = PooledParts.Parse(InBlocks(new UploadPartRequest { Data = Bytes(11) }.ToByteArray(), 5));

        Assert.Equal(Bytes(10), first.Data);
        Assert.Equal(Bytes(11), second.Data);
    }

    /// <summary>Encoded fields in any order and number: known, unknown and broken.</summary>
    private static Gen<byte[][]> Fields => Gen.OneOf(
        Gen.String[Gen.Char.AlphaNumeric, 0, 40].Select(id => new UploadPartRequest { UploadId = id }.ToByteArray()),
        Gen.Long.Select(offset => new UploadPartRequest { Offset = offset }.ToByteArray()),
        Gen.Byte.Array[0, 300].Select(data => new UploadPartRequest { Data = ByteString.CopyFrom(data) }.ToByteArray()),
        Gen.Const(new byte[] { 0x1A, 0 }),
        Gen.UInt.Select(crc => new UploadPartRequest { Crc32C = crc }.ToByteArray()),
        Gen.Long.Select(size => new Upload { SizeBytes = size, MaxPartBytes = 9 }.ToByteArray()),
        Gen.Const(new byte[] { 0x3B, 0x1A, 1, 5, 0x3C }),
        Gen.Byte.Array[1, 3]).Array[0, 6];

    private static ByteString Bytes(int length) => ByteString.CopyFrom([.. Enumerable.Repeat((byte)length, length)]);

    private static object Outcome(Func<UploadPartRequest> parse)
    {
        try
        {
            return parse();
        }
        catch (InvalidProtocolBufferException)
        {
            return "malformed";
        }
    }

    private static ReadOnlySequence<byte> InBlocks(byte[] bytes, int blockBytes)
    {
        var first = new Block(ReadOnlyMemory<byte>.Empty, null);
        var last = bytes.Chunk(blockBytes).Aggregate(first, (before, chunk) => new Block(chunk, before));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Block : ReadOnlySequenceSegment<byte>
    {
        public Block(ReadOnlyMemory<byte> memory, Block? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}
