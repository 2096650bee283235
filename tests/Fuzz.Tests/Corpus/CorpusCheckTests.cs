using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Jobs.Mp4;
using ForegSyte.V1;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>Every broken video through the JobService's MP4 check.</summary>
public sealed class CorpusCheckTests(OutcomeCounts outcomes)
{
    private static readonly ErrorReason?[] AllowedProblems =
    [
        null, ErrorReason.EmptyVideo, ErrorReason.NotAnMp4, ErrorReason.TruncatedMp4, ErrorReason.NoVideoTrack,
        ErrorReason.NoFrames, ErrorReason.EncryptedVideo,
    ];

    [Fact]
    public void Inspect_EveryBrokenVideo_HasAResultAfterFewReads()
    {
        var count = 0;
        foreach (var video in BrokenVideos.All())
        {
            using var stream = new CountedReads(video.Bytes);
            var result = Mp4Check.Inspect(stream);

            Assert.Contains(result.Problem, AllowedProblems);
            Assert.True(
                stream.Reads <= (2 * Mp4Boxes.MaxBoxes) + 100, $"{video}: the check needed {stream.Reads} reads.");
            Assert.Equal(result.Problem is null, result.Message.Length == 0);
            outcomes.Count("corpus, MP4 check", result.Problem?.ToString() ?? "acceptable");
            count++;
        }

        Assert.InRange(count, 200, int.MaxValue);
    }

    [Fact]
    public void All_MadeTwice_IsTheSame()
    {
        var first = BrokenVideos.All().ToList();

        Assert.Equal(first.Select(video => video.Name), BrokenVideos.All().Select(video => video.Name));
        Assert.Equal(first.Count, first.Select(video => video.Name).Distinct().Count());
        Assert.All(
            first.Zip(BrokenVideos.All()),
            pair => Assert.True(
                pair.First.Bytes.AsSpan().SequenceEqual(pair.Second.Bytes), $"{pair.First.Name} differs."));
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
