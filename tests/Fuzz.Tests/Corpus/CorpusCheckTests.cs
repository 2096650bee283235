using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Jobs.Mp4;
using ForegSyte.V1;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>Every broken video through the check of a submission alone.</summary>
public sealed class CorpusCheckTests(Tally tally)
{
    /// <summary>What the check may say.</summary>
    private static readonly ErrorReason?[] Verdicts =
    [
        null, ErrorReason.EmptyVideo, ErrorReason.NotAnMp4, ErrorReason.TruncatedMp4, ErrorReason.NoVideoTrack,
        ErrorReason.NoFrames,
    ];

    [Fact]
    public void Inspect_EveryBrokenVideo_HasAVerdictAfterFewReads()
    {
        var count = 0;
        foreach (var video in BrokenVideos.All())
        {
            using var stream = new CountedReads(video.Bytes);
            var verdict = Mp4Check.Inspect(stream);

            Assert.Contains(verdict.Problem, Verdicts);
            Assert.True(
                stream.Reads <= (2 * Mp4Boxes.MaxBoxes) + 100, $"{video}: {stream.Reads} reads");
            Assert.Equal(verdict.Problem is null, verdict.Message.Length == 0);
            tally.Count("corpus, MP4 check", verdict.Problem?.ToString() ?? "acceptable");
            count++;
        }

        Assert.True(count >= 200, $"{count} videos");
    }

    [Fact]
    public void All_MadeTwice_IsTheSame()
    {
        var first = BrokenVideos.All().ToList();

        Assert.Equal(first.Select(video => video.Name), BrokenVideos.All().Select(video => video.Name));
        Assert.Equal(first.Count, first.Select(video => video.Name).Distinct().Count());
        Assert.All(
            first.Zip(BrokenVideos.All()),
            pair => Assert.True(pair.First.Bytes.AsSpan().SequenceEqual(pair.Second.Bytes), pair.First.Name));
    }

    [Fact]
    public void Inspect_TheUnbrokenSample_IsAcceptable()
    {
        using var stream = new MemoryStream(Sample.Bytes);

        Assert.Null(Mp4Check.Inspect(stream).Problem);
    }

    private sealed class CountedReads(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public int Reads { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            Reads++;
            return base.Read(buffer);
        }
    }
}
