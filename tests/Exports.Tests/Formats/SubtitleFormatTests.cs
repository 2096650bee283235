using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Exports.Tests.Formats;

/// <summary>WebVTT and SubRip, as FFmpeg reads them.</summary>
public sealed partial class SubtitleFormatTests
{
    private static readonly Gen<string> HostileText = Gen.OneOf(
        "-->", "00:00:01.000", "\n", "\r", "\n\n", "<b>", "</b>", "&lt;", "&", "{\\an8}", "\\N", "5", "NOTE", "WEBVTT",
        "STYLE", " ", "x", "\0", "\u001b", "\u202e", "\u2028", "🚗", "\ud800", "<", ">").Array[1, 10]
        .Select(string.Concat);

    [Fact]
    public async Task WebVtt_IsACueForEachTrack() => Assert.Equal(
        """
        WEBVTT

        NOTE ForegSyte job 74e4d46a-598a-431e-8c38-05e05b9dc79a

        00:00:00.200 --> 00:00:00.300
        GATE 07

        """,
        Encoding.UTF8.GetString(await SampleResults.Tracked().ExportAsync(ExportFormat.WebVtt)));

    [Fact]
    public async Task WebVtt_OverlappingTexts_OverlapInFfprobe()
    {
        var export = await Overlapping().ExportAsync(ExportFormat.WebVtt);

        Assert.Equal(
            ["0.000000,1.100000", "0.500000,2.600000", "2.000000,0.100000"],
            (await Readers.FfprobeAsync(export, "webvtt")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Srt_OverlappingTexts_FollowOneAnother()
    {
        var export = await Overlapping().ExportAsync(ExportFormat.Srt);

        Assert.Equal(
            """
            1
            00:00:00,000 --> 00:00:00,500
            first

            2
            00:00:00,500 --> 00:00:01,100
            first
            second

            3
            00:00:01,100 --> 00:00:02,000
            second

            4
            00:00:02,000 --> 00:00:02,100
            second
            third

            5
            00:00:02,100 --> 00:00:03,100
            second


            """,
            Encoding.UTF8.GetString(export));
        Assert.Equal(
            ["0.000000,0.500000", "0.500000,0.600000", "1.100000,0.900000", "2.000000,0.100000", "2.100000,1.000000"],
            (await Readers.FfprobeAsync(export, "srt")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData(ExportFormat.WebVtt, "webvtt")]
    [InlineData(ExportFormat.Srt, "srt")]
    public async Task HostileTexts_InFfmpeg_AreOneCueEach(ExportFormat format, string reader)
    {
        var results = new SampleResults
        {
            TextTracks =
            [
                .. SampleResults.HostileTexts.Select(
                    (text, index) => SampleResults.Text(index + 1, text, (uint)index * 100, (uint)index * 100)),
            ],
        };

        var export = await results.ExportAsync(format);

        var packets = (await Readers.FfprobeAsync(export, reader)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            SampleResults.HostileTexts.Select((_, index) => $"{index / 10}.{index % 10}00000,0.100000"), packets);
        // FFmpeg decodes the escapes and writes the text as it is.
        var converted = await Readers.FfmpegAsync(export, reader, "webvtt");
        Assert.Contains("日本語 文字", converted, StringComparison.Ordinal);
        Assert.Contains(
            format == ExportFormat.WebVtt ? "<i>x</i> &" : "＜i＞x＜/i＞ &", converted,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AnyTexts_MakeOneBlockEach() => HostileText.Array[1, 5].Sample(
        texts =>
        {
            var results = new SampleResults
            {
                TextTracks =
                [
                    .. texts.Select((text, index) =>
                        SampleResults.Text(index + 1, text, (uint)index * 100, (uint)index * 100)),
                ],
            };
            var shown = texts.Count(text => ControlCharacters.Escape(text).Trim().Length > 0);

            var vtt = Encoding.UTF8.GetString(results.ExportAsync(ExportFormat.WebVtt).GetAwaiter().GetResult());
            var srt = Encoding.UTF8.GetString(results.ExportAsync(ExportFormat.Srt).GetAwaiter().GetResult());

            // Header and note are blocks too; a block has a time in its first or second line and one line of text.
            var blocks = vtt.TrimEnd('\n').Split("\n\n");
            Assert.Equal(shown + 2, blocks.Length);
            Assert.All(blocks.Skip(2), block => Assert.Matches(VttBlock(), block));
            var numbered = srt.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(shown, numbered.Length);
            Assert.All(numbered, block => Assert.Matches(SrtBlock(), block));
        },
        iter: 2000);

    [Fact]
    public async Task OldJobs_HaveACueForEachRunOfFramesWithTheSameText()
    {
        var results = new SampleResults
        {
            Frames =
            [
                SampleResults.Frame(0),
                SampleResults.Frame(1).WithText("GATE 07", 0).WithText("NORTH", 0),
                SampleResults.Frame(2).WithText("GATE 07", 0).WithText("NORTH", 0),
                SampleResults.Frame(3).WithText("GATE 07", 0),
                SampleResults.Frame(4),
                SampleResults.Frame(50).WithText("LATER", 0),
                SampleResults.Frame(99).WithText("LATER", 0),
            ],
        };

        Assert.Equal(
            """
            1
            00:00:00,100 --> 00:00:00,300
            GATE 07
            NORTH

            2
            00:00:00,300 --> 00:00:00,400
            GATE 07

            3
            00:00:05,000 --> 00:00:05,100
            LATER

            4
            00:00:09,900 --> 00:00:10,000
            LATER


            """,
            Encoding.UTF8.GetString(await results.ExportAsync(ExportFormat.Srt)));
    }

    [Fact]
    public async Task LastFrame_EndsWithTheVideo()
    {
        var results = new SampleResults { TextTracks = [SampleResults.Text(1, "END", 9_950, 9_950)] };

        Assert.Contains(
            "00:00:09.950 --> 00:00:10.000",
            Encoding.UTF8.GetString(await results.ExportAsync(ExportFormat.WebVtt)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, 1, 0, 100)]
    [InlineData(10, 3, 0, 300)]
    [InlineData(29.97, 0, 0, 33)]
    [InlineData(30, 0, 2, 500)]
    [InlineData(25, 0, 10, 120)]
    [InlineData(2, 0, 10, 500)]
    [InlineData(0, 1, 0, 1000)]
    [InlineData(5000, 1, 0, 1)]
    public void FrameStep_IsTheTimeToTheNextAnalyzedFrame(double rate, int stride, double fps, long expected) =>
        Assert.Equal(
            expected,
            new ExportedJob(SampleResults.JobId, "", new VideoInfo { FrameRate = rate }, stride, fps).FrameStepMs);

    [Fact]
    public async Task TracksOutOfOrder_AreRefused()
    {
        var results = new SampleResults
        {
            TextTracks = [SampleResults.Text(1, "a", 500, 500), SampleResults.Text(2, "b", 100, 100)],
        };

        await Assert.ThrowsAsync<InvalidDataException>(() => results.ExportAsync(ExportFormat.Srt));
    }

    private static SampleResults Overlapping() => new()
    {
        TextTracks =
        [
            SampleResults.Text(1, "first", 0, 1_000),
            SampleResults.Text(2, "second", 500, 3_000),
            SampleResults.Text(3, "third", 2_000, 2_000),
        ],
    };

    [GeneratedRegex(@"\A[0-9:.]+ --> [0-9:.]+\n[^\n\r<>]+\z")]
    private static partial Regex VttBlock();

    [GeneratedRegex(@"\A[0-9]+\n[0-9:,]+ --> [0-9:,]+\n[^\n\r<>{\\]+\z")]
    private static partial Regex SrtBlock();
}
