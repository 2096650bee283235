using System.ComponentModel.DataAnnotations;
using System.Text;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>Every codec that is allowed decodes in the strictest sandbox, and no other codec decodes at all.</summary>
public sealed class AllowedCodecsTests : IDisposable
{
    private const int Frames = 12;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("libx264 -pix_fmt yuv420p -bf 2")]
    [InlineData("libx264 -pix_fmt yuv420p10le")]
    [InlineData("libx264 -pix_fmt yuv420p -x264-params slices=4 -c:a aac")]
    [InlineData("libx265 -pix_fmt yuv420p -x265-params log-level=none:pools=2")]
    [InlineData("libsvtav1 -preset 12 -pix_fmt yuv420p -svtav1-params lp=2")]
    [InlineData("libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p -c:a libopus")]
    [InlineData("mpeg4 -bf 2 -c:a libmp3lame")]
    [InlineData("h263p")]
    [InlineData("mpeg1video")]
    [InlineData("mpeg2video -bf 2 -c:a ac3")]
    [InlineData("prores_ks -pix_fmt yuv422p10le -c:a pcm_s16le")]
    [InlineData("prores_ks -profile:v 4444 -pix_fmt yuva444p10le")]
    [InlineData("dnxhd -s 1920x1080 -pix_fmt yuv422p -b:v 36M")]
    [InlineData("dvvideo -s 720x576 -pix_fmt yuv420p")]
    [InlineData("mjpeg -pix_fmt yuvj420p -c:a alac")]
    [InlineData("png -pix_fmt rgb24")]
    [InlineData("qtrle -pix_fmt rgb24")]
    [InlineData("rawvideo -pix_fmt yuyv422 -tag:v yuvs")]
    [InlineData("jpeg2000 -pix_fmt yuv420p")]
    [InlineData("cfhd -pix_fmt yuv422p10le")]
    [InlineData("v210 -pix_fmt yuv422p10le")]
    [InlineData("svq1 -pix_fmt yuv410p")]
    [InlineData("cinepak -pix_fmt rgb24")]
    [InlineData("rpza -pix_fmt rgb555le")]
    [InlineData("msmpeg4 -tag:v 3IVD")]
    [InlineData("libx264 -pix_fmt yuv420p -c:a dca -strict -2")]
    [InlineData("libx264 -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc")]
    public async Task Files_EachAllowedCodec_HasTheFramesOfADecoderWithoutSandbox(string encoder)
    {
        var path = await MakeAsync(encoder.Split(' '));
        var expected = await new VideoParts().ReadAsync(path);
        foreach (var threads in (int[])[1, 4])
        {
            var parts = await VideoParts.AtAsync(SandboxLevel.Files, new VideoOptions { DecoderThreads = threads });

            var frames = await parts.ReadAsync(path);

            Assert.Equal(Frames, frames.Count);
            Assert.Equal(expected, frames);
        }
    }

    [Theory]
    [InlineData("tiff", "tiff", "-pix_fmt", "rgb24")]
    [InlineData("targa", "targa", "-pix_fmt", "bgr24")]
    public async Task OtherCodec_IsRefusedWithItsNameAndTheOption_UntilItIsAllowed(
        string codec, params string[] encoder)
    {
        var path = await MakeAsync(encoder);

        var refusal = await Assert.ThrowsAsync<ServiceException>(() => new VideoParts().ReadAsync(path));

        Assert.Equal(ErrorReason.UndecodableVideo, refusal.Reason);
        Assert.Contains($"codec {codec}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("option Video:AllowedCodecs", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(codec, refusal.Metadata["codec"]);
        Assert.False(DecoderSelfTest.Concerns(refusal), "A refused codec says nothing about the decoder.");

        var options = new VideoOptions();
        foreach (var allowed in (string[])[.. VideoCodecs.Default, codec])
        {
            options.AllowedCodecs.Add(allowed);
        }

        Assert.Equal(Frames, (await new VideoParts(options).ReadAsync(path)).Count);
    }

    /// <summary>FFmpeg's tags of sound in MP4 and QuickTime files; "ms" begins those of WAV.</summary>
    [Fact]
    public async Task Sound_OfEachTag_NeverRefusesTheVideo()
    {
        string[] tags =
        [
            "mp4a", "ac-3", "sac3", "ima4", "alac", "samr", "sawb", "dtsc", "dtsh", "dtsl", "dtse", "DTS ", "ec-3",
            "vdva", "dvca", "agsm", "ilbc", "MAC3", "MAC6", ".mp1", ".mp2", ".mp3", "mp3 ", "nmos", "NELL", "alaw",
            "fl32", "fl64", "ulaw", "twos", "sowt", "lpcm", "in24", "in32", "raw ", "NONE", "Qclp", "Qclq", "sqcp",
            "QDM2", "QDMC", "spex", "SPXN", "sevc", "fLaC", "mlpa", "Opus", "WMA2", "ms\u0000\u0002", "ms\u0000\u0011",
            "ms\u0000\u0031", "ms\u0000\u0050", "ms\u0000\u0055",
        ];
        var bytes = await File.ReadAllBytesAsync(
            await MakeAsync(["mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"]),
            TestContext.Current.CancellationToken);
        var entry = bytes.AsSpan().LastIndexOf("sowt"u8);
        List<string> refused = [];
        foreach (var tag in tags)
        {
            Encoding.ASCII.GetBytes(tag).CopyTo(bytes, entry);
            var path = _folder.File("tagged.mov");
            await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
            var refusal = await Record.ExceptionAsync(() => new VideoParts().ReadAsync(path));
            if (refusal is ServiceException { Metadata: var metadata } && metadata.TryGetValue("codec", out var codec))
            {
                refused.Add($"{tag}: {codec}");
            }
        }

        Assert.Empty(refused);
    }

    [Theory]
    [InlineData("'H.264'", "h264", "H.264")]
    [InlineData("'h264,cinepak'", "h264", "h264,cinepak")]
    [InlineData("must contain h264", "hevc")]
    public void Options_WrongList_IsRefusedWithTheReason(string reason, params string[] codecs)
    {
        var options = new VideoOptions();
        Array.ForEach(codecs, options.AllowedCodecs.Add);
        List<ValidationResult> results = [];

        _ = Validator.TryValidateObject(options, new ValidationContext(options), results, true);

        Assert.Contains(reason, Assert.Single(results).ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Default_IsInTheDocuments()
    {
        var document = await File.ReadAllTextAsync(
            Path.Combine(RepositoryFiles.Root, "docs", "operations.md"), TestContext.Current.CancellationToken);
        var section = document[document.IndexOf("### Codecs", StringComparison.Ordinal)..].Split("\n## ")[0];

        Assert.All(
            VideoCodecs.Default.Where(codec => !codec.StartsWith("pcm_", StringComparison.Ordinal)),
            codec => Assert.Matches($@"\b{codec}\b", section));
    }

    /// <summary>A QuickTime file; FFmpeg writes AV1 and VP9 into MP4 files only.</summary>
    private Task<string> MakeAsync(string[] encoder) => Clips.MakeAsync(
        _folder.File(encoder[0] is "libsvtav1" or "libvpx-vp9" ? "clip.mp4" : "clip.mov"),
        [
            "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000",
            "-frames:v", $"{Frames}", "-g", "6", "-shortest", "-c:v", .. encoder,
        ]);
}
