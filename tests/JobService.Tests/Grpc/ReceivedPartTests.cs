using System.Buffers;
using CsCheck;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Protocol.Checksums;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>The message of UploadPart is read as generated code reads it, whoever wrote it.</summary>
public sealed class ReceivedPartTests
{
    private static readonly Gen<byte[]> Bytes = Gen.Byte.Array[0, 10_000];

    /// <summary>Fields as a writer may have them: any order, several times, known or not.</summary>
    private static readonly Gen<byte[]> Fields = Gen.OneOf(
        Gen.Guid.Select(id => Encode(new UploadPartRequest { UploadId = id.ToString() })),
        Gen.Long.Select(offset => Encode(new UploadPartRequest { Offset = offset })),
        Gen.UInt.Select(crc32C => Encode(new UploadPartRequest { Crc32C = crc32C })),
        Bytes.Select(data => Encode(new UploadPartRequest { Data = ByteString.CopyFrom(data) })),
        Bytes.Select(data => Field(77, WireFormat.WireType.LengthDelimited, output => output.WriteBytes(
            ByteString.CopyFrom(data)))),
        Gen.ULong.Select(value => Field(78, WireFormat.WireType.Varint, output => output.WriteUInt64(value))),
        Gen.ULong.Select(value => Field(79, WireFormat.WireType.Fixed64, output => output.WriteFixed64(value))),
        Gen.UInt.Select(value => Field(3, WireFormat.WireType.Fixed32, output => output.WriteFixed32(value))),
        Gen.Const(Field(80, WireFormat.WireType.StartGroup, output => output.WriteTag(
            80, WireFormat.WireType.EndGroup))));

    [Fact]
    public void Read_FieldsInAnyOrderAndBlocks_AreThoseOfGeneratedCode() =>
        Gen.Select(Fields.Array[0, 6], Gen.Int[1, 5_000]).Sample(
            (fields, blockBytes) => AssertSame([.. fields.SelectMany(field => field)], blockBytes));

    [Fact]
    public void Read_BrokenMessages_FailAsInGeneratedCode() =>
        Gen.Select(Fields.Array[1, 4], Gen.Int[1, 5_000], Gen.Int).Sample((fields, blockBytes, seed) =>
        {
            byte[] message = [.. fields.SelectMany(field => field)];
            var random = new Random(seed);
            for (var changes = random.Next(1, 4); changes > 0 && message.Length > 0; changes--)
            {
                message[random.Next(Math.Min(message.Length, 60))] = (byte)random.Next(256);
            }

            AssertSame(message[..random.Next(message.Length + 1)], blockBytes);
        });

    [Fact]
    public void Read_BytesThatNoMessageHas_FailAsInGeneratedCode() =>
        Gen.Select(Gen.Byte.Array[0, 40], Gen.Int[1, 10]).Sample(AssertSame);

    /// <summary>As the client writes it: nothing of it is left to generated code but the small fields.</summary>
    [Fact]
    public void Split_MessageOfTheClient_LeavesTheDataWhereTheyAre()
    {
        var request = new UploadPartRequest
        {
            UploadId = Guid.NewGuid().ToString(),
            Offset = 1 << 30,
            Data = ByteString.CopyFrom(new byte[100_000]),
            Crc32C = 7,
        };

        Assert.True(PartMessage.TrySplit(Blocks(request.ToByteArray(), 4096), out var split));

        Assert.Equal(request.Data.Length, split.Data.Length);
        request.Data = ByteString.Empty;
        Assert.Equal(request.ToByteArray(), split.Head.ToArray());
    }

    private static void AssertSame(byte[] message, int blockBytes)
    {
        UploadPartRequest expected;
        try
        {
            expected = UploadPartRequest.Parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException failure)
        {
            var actual = Assert.Throws<InvalidProtocolBufferException>(
                () => ReceivedPart.Read(Blocks(message, blockBytes)));
            Assert.Equal(failure.Message, actual.Message);
            return;
        }

        var part = ReceivedPart.Read(Blocks(message, blockBytes));
        Assert.Equal(expected.Data.ToByteArray(), part.Data.ToArray());
        Assert.Equal(Crc32C.Of(expected.Data.Span), part.Crc32C);
        expected.Data = ByteString.Empty;
        Assert.Equal(expected, part.Request);
    }

    private static byte[] Encode(UploadPartRequest request) => request.ToByteArray();

    private static byte[] Field(int number, WireFormat.WireType type, Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            output.WriteTag(number, type);
            write(output);
        }

        return bytes.ToArray();
    }

    /// <summary>The bytes in blocks of so many, as they come from a socket.</summary>
    private static ReadOnlySequence<byte> Blocks(byte[] bytes, int blockBytes)
    {
        var first = new Block(bytes.AsMemory(0, Math.Min(blockBytes, bytes.Length)), 0);
        var last = first;
        for (var start = blockBytes; start < bytes.Length; start += blockBytes)
        {
            last = last.Append(bytes.AsMemory(start, Math.Min(blockBytes, bytes.Length - start)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Block : ReadOnlySequenceSegment<byte>
    {
        public Block(ReadOnlyMemory<byte> memory, long start) => (Memory, RunningIndex) = (memory, start);

        public Block Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Block(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
