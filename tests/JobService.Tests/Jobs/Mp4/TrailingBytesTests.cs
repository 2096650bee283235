using System.Text;
using CsCheck;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs.Mp4;

/// <summary>Bytes behind a complete file that are no box are a warning; a box that is cut off is an error.</summary>
public sealed class TrailingBytesTests(Mp4Files files) : IClassFixture<Mp4Files>
{
    /// <summary>What uploads, editors, cameras and file systems leave behind files.</summary>
    public static TheoryData<string, string> Leftovers => new()
    {
        { "a line end", "\r\n" },
        { "one zero", "\0" },
        { "seven zeros", new string('\0', 7) },
        { "a block of zeros", new string('\0', 4096) },
        { "an empty box size and text", "\0\0\0\0--boundary--" },
        { "the boundary of a form", "\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n" },
        { "a second part of a form", "\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n" },
        { "a tag (ID3)", "TAG" + new string(' ', 125) },
        { "a picture (JPEG)", "\u00ff\u00d8\u00ff\u00e0\0\u0010JFIF\0\u0001" + new string('x', 1_000) },
        { "an archive (ZIP)", "PK\u0003\u0004\u0014\0\0\0\u0008\0" + new string('x', 1_000) },
        { "half a header", "\0\0\0\u0008" },
        { "half a header of no box", "\0\0\0\u0008abc" },
        { "unknown letters that claim less than a header", "\0\0\0\u0004abcd" },
        { "unknown letters that claim more than there is", "\0\u0001\0\0abcdefghijkl" },
        { "unknown letters that claim 64 bits", "\0\0\0\u0001abcd" },
        {
            "unknown letters that claim almost 64 bits",
            "\0\0\0\u0001abcd\u007f\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff"
        },
        { "binary noise that claims its own size", "\0\0\0\u0010\u0001\u0002\u0003\u0004xxxxxxxx" },
    };

    private static string Case(string name) =>
        Path.Combine(RepositoryFiles.Root, "tests", "Media.Tests", "cases", name);

    [Theory]
    [MemberData(nameof(Leftovers))]
    public void Inspect_LeftoversBehindACompleteFile_AreAWarning(string what, string leftovers)
    {
        foreach (var name in Mp4Files.Names)
        {
            byte[] bytes = [.. files[name], .. Encoding.Latin1.GetBytes(leftovers)];

            var result = Inspect(bytes);

            Assert.True(result.Problem is null, $"{what} behind {name}: {result.Message}");
            var warning = Assert.Single(result.Warnings);
            Assert.Equal(
                (WarningReason.TrailingBytes, (long)leftovers.Length), (warning.Reason, warning.Count));
        }
    }

    [Fact]
    public void Inspect_TheCase_HasTwoTrailingBytes()
    {
        using var video = File.OpenRead(Case("c31c_trailing_crlf.mp4"));

        var result = Mp4Check.Inspect(video);

        Assert.Equal((null, 2L), (result.Problem, result.TrailingBytes));
    }

    [Theory]
    [InlineData("\0\0\u0001\0free")]
    [InlineData("\0\0\u0001\0skip")]
    [InlineData("\0\0\u0001\0wide")]
    [InlineData("\0\0\u0001\0mdat")]
    [InlineData("\0\0\u0001\0moof")]
    [InlineData("\0\0\u0001\0mfra")]
    [InlineData("\0\0\u0001\0meta")]
    [InlineData("\0\0\u0001\0uuid")]
    [InlineData("\0\0\u0001\0sidx")]
    [InlineData("\0\0\u0001\0emsg")]
    [InlineData("\0\0\u0001\0styp")]
    [InlineData("\0\0\0\u0001mdat")]
    [InlineData("\0\0\u0001\0mda")]
    [InlineData("\0\0\u0001\0m")]
    [InlineData("\0\0\0\u0001mdat\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff")]
    public void Inspect_KnownBoxThatClaimsMoreThanThereIs_IsCutOff(string box)
    {
        foreach (var name in Mp4Files.Names)
        {
            Assert.Equal(
                ErrorReason.TruncatedMp4, Inspect([.. files[name], .. Encoding.Latin1.GetBytes(box)]).Problem);
        }
    }

    [Theory]
    [InlineData("\0\0\0\u0010beamxxxxxxxx")]
    [InlineData("\0\0\0\u0008abcd")]
    [InlineData("\0\0\0\u0001SEFT\0\0\0\0\0\0\0\u0012xx")]
    public void Inspect_BoxOfAVendor_IsNoWarning(string box)
    {
        foreach (var name in Mp4Files.Names)
        {
            Assert.Equal(
                Mp4CheckResult.Acceptable, Inspect([.. files[name], .. Encoding.Latin1.GetBytes(box)]));
        }
    }

    [Fact]
    public void Inspect_LeftoversBehindAnIncompleteFile_DoNotMakeItComplete()
    {
        var faststart = files["faststart"];
        var data = faststart.AsSpan().LastIndexOf("mdat"u8) - 4;
        var plain = files["plain"];
        var index = plain.AsSpan().LastIndexOf("moov"u8) - 4;
        var fragmented = files["fragmented"];
        var lastData = fragmented.AsSpan().LastIndexOf("mdat"u8) - 4;

        foreach (var leftovers in new[] { "\r\n", "\0\0\0\0\0\0\0\0\0\0\0\0", "--boundary--" })
        {
            var bytes = Encoding.Latin1.GetBytes(leftovers);
            Assert.Equal(ErrorReason.TruncatedMp4, Inspect([.. faststart[..data], .. bytes]).Problem);
            Assert.Equal(ErrorReason.TruncatedMp4, Inspect([.. plain[..index], .. bytes]).Problem);
            Assert.Equal(ErrorReason.TruncatedMp4, Inspect([.. fragmented[..lastData], .. bytes]).Problem);
        }
    }

    [Fact]
    public void Inspect_AnyBytesThatAreNoBox_AreAWarningWithTheirCount()
    {
        var file = files["faststart"];
        Gen.Byte.Array[1, 60].Sample(
            noise =>
            {
                // A type with a byte that no box type has.
                if (noise.Length > 4)
                {
                    noise[4] = 0xFE;
                }

                var result = Inspect([.. file, .. noise]);

                Assert.Equal((null, (long)noise.Length), (result.Problem, result.TrailingBytes));
            },
            iter: 2_000);
    }

    private static Mp4CheckResult Inspect(byte[] bytes) => Mp4Check.Inspect(new MemoryStream(bytes, writable: false));
}
