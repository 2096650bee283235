using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>A clip as phones make them: stored on its side, with uneven gaps between its frames.</summary>
[Collection(SharedCollection.Name)]
public sealed class RotationAndTimingTests(SharedInstallation shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_OverARotatedVariableRateClip_SeesItUprightAtItsOwnTimes()
    {
        // The pedestrians are 10 frames a second, so that the kept frames say when each is shown.
        int[] kept = [0, 3, 4, 9, 17, 18, 40, 99];
        using var folder = new TemporaryFolder();
        var clip = await Clips.MakeAsync(
            folder.File("rotated.mp4"),
            "-i", RepositoryFiles.Pedestrians,
            "-vf", $"select='{string.Join('+', kept.Select(frame => $"eq(n,{frame})"))}',transpose=cclock",
            "-fps_mode", "vfr", "-an", "-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p");
        Mp4Surgery.Rotate(clip, 90);

        await using var client = shared.Services.Client();
        var job = await client.SubmitFileAsync(clip, new SubmitOptions { PipelineId = "yolo_ocr" }, Token);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);

        Assert.True(job.Status == JobStatus.Completed, job.ErrorMessage);
        Assert.Equal((768, 576, 90), (job.Video.Width, job.Video.Height, job.Video.RotationDegrees));
        Assert.Equal((kept.Length, true), (job.Video.FrameCount, job.Video.VariableFrameRate));
        Assert.Equal((kept.Length - 1) / 9.9, job.Video.FrameRate, tolerance: 0.01);

        var frames = await client.GetResultsAsync(job.JobId, cancellationToken: Token).ToListAsync(Token);
        Assert.Equal(Enumerable.Range(0, kept.Length), frames.Select(frame => frame.FrameIndex));
        Assert.Equal(kept.Select(frame => frame * 100), frames.Select(frame => frame.FrameTimestampMs));

        // Text on its side is not read, and coordinates of the stored picture would leave the one that is shown.
        Assert.All(frames, frame => Assert.Contains("GATE 07 NORTH", frame.Result.Text, StringComparison.Ordinal));
        Assert.True(job.Summary.DetectionsByLabel["person"] >= kept.Length, job.Summary.ToString());
        Assert.All(
            frames.SelectMany(frame => frame.Result.TextRegions).SelectMany(region => region.Polygon),
            point => Assert.True(point.X is >= 0 and <= 768 && point.Y is >= 0 and <= 576, point.ToString()));
    }
}
