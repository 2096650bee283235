using CsCheck;
using ForegSyte.Protocol.Checksums;

namespace ForegSyte.Protocol.Tests.Checksums;

public sealed class Crc32CTests
{
    /// <summary>RFC 3720, appendix B.4, and the check value of "123456789".</summary>
    public static TheoryData<byte[], uint> Published => new()
    {
        { [], 0 },
        { "123456789"u8.ToArray(), 0xE3069283 },
        { new byte[32], 0x8A9136AA },
        { [.. Enumerable.Repeat((byte)0xFF, 32)], 0x62A8AB43 },
        { [.. Enumerable.Range(0, 32).Select(i => (byte)i)], 0x46DD794E },
        { [.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))], 0x113FDB5C },
    };

    [Theory]
    [MemberData(nameof(Published), DisableDiscoveryEnumeration = true)]
    public void Of_PublishedBytes_IsThePublishedValue(byte[] bytes, uint expected) =>
        Assert.Equal(expected, Crc32C.Of(bytes));

    [Fact]
    public void Of_InPieces_IsThatOfTheWhole() =>
        Gen.Select(Gen.Byte.Array[0, 200], Gen.Int[0, 200]).Sample((bytes, cut) =>
        {
            var at = Math.Min(cut, bytes.Length);
            Assert.Equal(Crc32C.Of(bytes), Crc32C.Of(bytes.AsSpan(at), Crc32C.Of(bytes.AsSpan(0, at))));
        });
}
