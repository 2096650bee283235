using System.Buffers.Binary;
using System.Text;
using ForegSyte.V1;

namespace ForegSyte.Video.Tests;

/// <summary>Bytes after the last box, and files that are cut off.</summary>
public sealed class TopLevelBoxCheckTests
{
    private static readonly byte[] Complete = [.. Box("ftyp", 16), .. Box("moov", 32), .. Box("mdat", 64)];

    [Theory]
    [InlineData("", 0)]
    [InlineData("0d0a", 2)]
    [InlineData("0d0a0d0a0d0a0d0a0d0a", 10)]
    [InlineData("00000000000000000000000000000000", 16)]
    [InlineData("000000106d6f", 0, false)]
    [InlineData("00000010000000000000000000000000", 16)]
    [InlineData("00000010626c6162000000000000000000", 1)]
    [InlineData("0000001066726565000000000000000000", 1)]
    [InlineData("00000010667265650000000000000000", 0)]
    [InlineData("7fffffff626c6162", 8)]
    [InlineData("7fffffff6d6f6f66", 0, false)]
    [InlineData("7fffffff66726565", 0, false)]
    [InlineData("000000016d646174", 0, false)]
    public void Run_AfterACompleteFile_TellsTrailingBytesFromACutBox(string rest, long trailing, bool isWhole = true)
    {
        using var file = new MemoryStream([.. Complete, .. Convert.FromHexString(rest)]);
        if (isWhole)
        {
            Assert.Equal(trailing, TopLevelBoxCheck.Run(file));
        }
        else
        {
            Assert.Equal(
                ErrorReason.TruncatedMp4,
                Assert.Throws<VideoRefusedException>(() => TopLevelBoxCheck.Run(file)).Reason);
        }
    }

    [Fact]
    public void Run_BytesBeforeTheDataOfAFragment_AreNotTrailing()
    {
        using var file = new MemoryStream([.. Complete, .. Box("moof", 16), .. "0d0a0d0a0d0a0d0a"u8]);

        Assert.Throws<VideoRefusedException>(() => TopLevelBoxCheck.Run(file));
    }

    [Theory]
    [InlineData(16 + 32 + 63)]
    [InlineData(16 + 32 + 9)]
    [InlineData(16 + 20)]
    public void Run_FileCutAnywhereInABox_IsCutOff(int length)
    {
        using var file = new MemoryStream(Complete[..length]);

        Assert.Equal(
            ErrorReason.TruncatedMp4, Assert.Throws<VideoRefusedException>(() => TopLevelBoxCheck.Run(file)).Reason);
    }

    private static byte[] Box(string type, int size)
    {
        var box = new byte[size];
        BinaryPrimitives.WriteInt32BigEndian(box, size);
        Encoding.ASCII.GetBytes(type).CopyTo(box, 4);
        return box;
    }
}
