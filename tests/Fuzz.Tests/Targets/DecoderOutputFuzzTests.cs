using System.Globalization;
using System.Text;
using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Tests.Video;
using ForegSyte.Inference.Video;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using ForegSyte.Video;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Fuzz.Tests.Targets;

/// <summary>Mutated output of ffmpeg and ffprobe, which depends on the caller's file.</summary>
public sealed class DecoderOutputFuzzTests(OutcomeCounts outcomes) : IDisposable
{
    private const int QuickProcesses = 25;

    private const string Listing =
        "packet|pts=0|dts=-512|duration=512|flags=K_\npacket|pts=1024|dts=0|duration=512|flags=__\n"
        + "packet|pts=512|dts=512|duration=512|flags=_D\n"
        + "stream|codec_name=h264|width=64|height=48|time_base=1/12800|avg_frame_rate=25/1\n";

    private const string Messages =
        "[Parsed_showinfo_2 @ 0x55c7] [info] n:   0 pts:      0 pts_time:0\n[h264 @ 0x1] [error] Invalid data\n"
        + "[Parsed_showinfo_2 @ 0x55c7] [info] n:   1 pts:    512 pts_time:0.04\r\n"
        + "[Parsed_showinfo_2 @ 0x55c7] [info] n:   2 pts:   1024 pts_time:0.08\n";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Listing_NearlyOne_IsAnIndexOrHasAReason() => Fuzzing.RunAsync(
        "ffprobe's list", outcomes, async random =>
    {
        var table = new PacketTable(maxPackets: 1000);
        var text = Mutation.OfText(Listing, random);
        await BoundedLines.ReadAsync(new StringReader(text), line => table.Add(line.Span));
        try
        {
            var index = table.Choose().ToIndex(sizeBytes: 1, new VideoOptions().Limits);
            Assert.All(index.KeyFrames, frame => Assert.InRange(frame, 0, index.FrameCount - 1));
            Assert.InRange(index.Info.Duration.Seconds, 0, uint.MaxValue / 1000);
            Assert.InRange(
                index.TimestampMs(index.FrameCount - 1) / 1000, 0, index.Info.Duration.Seconds + 1);
            return "an index";
        }
        catch (VideoRefusedException refusal)
        {
            return refusal.Reason.ToText();
        }
    });

    [Fact]
    public Task Lines_Noise_AreBoundedAndTimestampsAreThoseThatWereWritten() =>
        Fuzzing.RunAsync("ffmpeg's lines", outcomes, async random =>
        {
            var count = 0;
            await BoundedLines.ReadAsync(new StringReader(Mutation.OfText(Messages, random)), line =>
            {
                Assert.InRange(line.Length, 1, BoundedLines.MaxLength);
                count += ShowInfoLine.TryRead(line.Span, out _) ? 1 : 0;
                return true;
            });
            return string.Create(CultureInfo.InvariantCulture, $"{count} timestamps");
        });

    [Fact]
    public Task Pipe_NoiseInThePlaceOfFrames_IsFramesOrHasAReason() =>
        Fuzzing.RunAsync("ffmpeg's pipe", outcomes, FramesOfNoiseAsync, QuickProcesses);

    /// <summary>
    /// A fake ffmpeg writes noise and ends in various ways; the reader returns only complete, announced frames or a
    /// reason.
    /// </summary>
    private async Task<string> FramesOfNoiseAsync(Random random)
    {
        var index = new VideoIndex(
            new VideoInfo { Width = 16, Height = 16, FrameCount = 3 },
            new TimeBase(1, 12_800),
            [0, 512, 1024],
            []);
        var noise = new byte[random.Next(0, 4 * 16 * 16 * 3)];
        random.NextBytes(noise);
        var (pixels, messages) = (_folder.File("pixels"), _folder.File("messages"));
        await File.WriteAllBytesAsync(pixels, noise, Cancel);
        await File.WriteAllBytesAsync(messages, Mutation.OfBytes(Encoding.UTF8.GetBytes(Messages), random), Cancel);
        string[] ends = ["exit 1", "kill -9 $$", "exit 234", "exec >&-", "exit 0"];
        var end = ends[random.Next(ends.Length)];
        var source = SourceOf($"cat {messages} >&2; cat {pixels}; {end}");
        var meter = new DecodeMeter();
        var outcome = "frames";
        try
        {
            var last = -1;
            var share = new SegmentShare(source.MemoryOf(index, null, 1, DecodeSize.Native, 1, 0)[^1]);
            using var video = VideoFile.Open("/dev/null");
            await foreach (var frame in source.ReadAsync(
                video, index, null, 1, 0, DecodeSize.Native, meter, share, Cancel))
            {
                Assert.InRange(frame.Index, last + 1, 2);
                last = frame.Index;
                frame.Dispose();
            }
        }
        catch (ServiceException refusal)
        {
            outcome = refusal.Reason.ToText();
        }

        Assert.InRange(meter.Delivered, 0, noise.Length / (16 * 16 * 3));
        Assert.Empty(ChildProcesses.UsingFile(pixels));
        return outcome;
    }

    private FrameSource SourceOf(string commands)
    {
        var options = Options.Create(new VideoOptions { FfmpegPath = FakeProgram.Make(_folder, commands) });
        var memory = Options.Create(new MemoryOptions());
        var tools = new DecoderTools(options);
        return new FrameSource(
            new DecoderPool(tools, new MemoryBudget(long.MaxValue), options, memory, TimeProvider.System),
            new DamageScan(tools, options, memory),
            options,
            TimeProvider.System,
            NullLogger<FrameSource>.Instance);
    }
}
