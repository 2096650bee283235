using CsCheck;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Client.Uploads;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

public sealed class Crc32CTests
{
    /// <summary>The examples of RFC 3720, appendix B.4; the RFC prints the bytes in the order of the wire.</summary>
    [Fact]
    public void Of_ExamplesOfTheRfc_AreTheirs()
    {
        Assert.Equal(0x8A9136AAU, Crc32C.Of(new byte[32]));
        Assert.Equal(0x62A8AB43U, Crc32C.Of(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794EU, Crc32C.Of(Enumerable.Range(0, 32).Select(value => (byte)value).ToArray()));
    }

    [Fact]
    public void Of_AnyBytes_IsWhatTheDefinitionSays() => Gen.Byte.Array[0, 100].Sample(
        data => Assert.Equal(BitwiseCrc32C.Of(data), Crc32C.Of(data)));
}
