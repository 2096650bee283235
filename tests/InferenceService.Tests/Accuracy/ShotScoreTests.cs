using CliWrap;
using ForegSyte.Accuracy.Shots;
using ForegSyte.Inference.Vision;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Accuracy;

/// <summary>The signatures of real pictures are what the shot detector needs.</summary>
public sealed class ShotScoreTests : IDisposable
{
    /// <summary>Side of the frames of the shipped detector.</summary>
    private const int Side = 416;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Clips =>
        [.. ShotClip.All.Select(clip => clip.Name).Where(name => name != "zoom into the same place, noise")];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Clips))]
    public async Task Cuts_OfAClip_AreFoundAtEachStrideAndNoOthers(string name)
    {
        var clip = ShotClip.All.Single(item => item.Name == name);
        var frames = await ReadAsync(clip);
        Assert.InRange(frames.Count, 40, 120);

        foreach (var stride in ShotMeasurements.Strides)
        {
            Assert.Equal(
                (stride, new ShotScore(clip.Cuts.Count * stride, 0, 0)),
                (stride, ShotMeasurements.OfStride(frames, clip.Cuts, stride)));
        }
    }

    [Fact]
    public void Score_CountsFoundMissedAndWrongCuts()
    {
        var score = ShotScore.Sum([new(1, 0, 1), new(2, 1, 0)]);

        Assert.Equal(new ShotScore(3, 1, 1), score);
        Assert.Equal((0.75, 0.75), (score.Precision, score.Recall));
    }

    private async Task<List<SignedFrame>> ReadAsync(ShotClip clip)
    {
        var path = _folder.File("clip.mp4");
        await clip.MakeAsync(RepositoryFiles.Pedestrians, path, TestContext.Current.CancellationToken);
        using var output = new MemoryStream();
        await Cli.Wrap("ffmpeg")
            .WithArguments(
                ["-v", "error", "-nostdin", "-i", path, "-vf", $"scale={Side}:{Side}", "-f", "rawvideo",
                    "-pix_fmt", "rgb24", "-"])
            .WithStandardOutputPipe(PipeTarget.ToStream(output))
            .ExecuteAsync(TestContext.Current.CancellationToken);
        const int length = Side * Side * RgbImage.BytesPerPixel;
        var frames = new List<SignedFrame>();
        for (var start = 0; start + length <= output.Length; start += length)
        {
            var image = new RgbImage(output.GetBuffer().AsSpan(start, length), Side, Side);
            frames.Add(new SignedFrame(
                frames.Count, (uint)(frames.Count * 100), SignatureDescriptor.Describe(image)));
        }

        return frames;
    }
}
