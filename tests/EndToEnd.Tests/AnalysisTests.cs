using ForegSyte.Client;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Jobs over real videos with both services and the committed models.</summary>
[Collection(SharedCollection.Name)]
public sealed class AnalysisTests(SharedInstallation shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task YoloOcr_OnThePedestrianClip_FindsPersonsAndReadsTheCaption()
    {
        await using var client = shared.Services.Client();
        var submitted = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "yolo_ocr", FrameStride = 10 },
            cancellationToken: Token);
        Assert.True(
            File.Exists(Path.Combine(shared.Services.Storage, $"{submitted.JobId}.mp4")), "The video is not stored.");

        var seen = new List<Job>();
        await foreach (var job in client.WatchJobAsync(submitted.JobId, cancellationToken: Token))
        {
            seen.Add(job);
        }

        var done = seen[^1];
        Assert.Equal(JobStatus.Completed, done.Status);
        Assert.Equal((768, 576, 100), (done.Video.Width, done.Video.Height, done.Video.FrameCount));
        Assert.Equal(new FrameAccounting { Total = 100, Analyzed = 10, Skipped = 90 }, done.Summary.Frames);
        Assert.Equal("person", done.Summary.Labels[0].Label);
        Assert.InRange(done.Summary.Labels[0].DetectionCount, 35, 60);
        Assert.Contains(done.Summary.Texts, text => text is { Text: "GATE 07 NORTH", FrameCount: >= 8 });
        Assert.Equal(ExecutionProvider.Cpu, Assert.Single(done.Devices).ExecutionProvider);
        Assert.NotEqual(TimeSpan.Zero, done.Timings.Inference.ToTimeSpan());
        Assert.InRange(done.Timings.Queued.ToTimeSpan(), TimeSpan.Zero, done.Timings.Total.ToTimeSpan());
        Assert.Equal((1, 1f), (done.Attempts.Count, done.Progress.Fraction));
        Assert.Equal(seen.Select(job => job.Progress.FramesDone).Order(), seen.Select(job => job.Progress.FramesDone));
    }

    [Fact]
    public async Task Results_PagedWithASmallBudget_AreTheStoredDocument()
    {
        await using var client = shared.Services.Client();
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians,
            new SubmitOptions { PipelineId = "detect_only", FrameStride = 5, MaxFrames = 12 },
            cancellationToken: Token);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);

        var frames = new List<FrameResult>();
        var pages = 0;
        var token = "";
        do
        {
            var page = await client.GetResultsPageAsync(job.JobId, token, pageBytes: 600, cancellationToken: Token);
            frames.AddRange(page.Results);
            token = page.NextPageToken;
            pages++;
        }
        while (token.Length > 0);

        var path = Path.Combine(shared.Services.Storage, $"{job.JobId}_results.json");
        var text = await File.ReadAllTextAsync(path, Token);
        Assert.Equal(ForegSyteJson.Parser.Parse<ResultsDocument>(text).Results, frames);
        Assert.Equal(Enumerable.Range(0, 12).Select(index => index * 5), frames.Select(frame => frame.FrameIndex));
        Assert.All(frames, frame => Assert.Equal((uint)frame.FrameIndex * 100, frame.FrameTimestampMs));
        Assert.True(pages > 3, $"A budget of 600 bytes should make more than 3 pages, not {pages}.");
        Assert.StartsWith("{\"results\":[", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OcrOnly_ByUri_ReadsTheCaptionAndDetectsNothing()
    {
        var video = Path.Combine(shared.Services.Inbox, "by uri ü.mp4");
        File.Copy(RepositoryFiles.Pedestrians, video, overwrite: true);
        await using var client = shared.Services.Client();
        var job = await client.SubmitVideoAsync(
            new Uri(video), new SubmitOptions { PipelineId = "ocr_only", MaxFrames = 1 }, cancellationToken: Token);
        File.Delete(video);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);
        var frame = Assert.Single(await client.GetResultsAsync(job.JobId, cancellationToken: Token).ToListAsync(Token));
        Assert.Equal("GATE 07 NORTH", frame.Result.Text);
        Assert.Empty(frame.Result.Detections);
    }

    [Fact]
    public async Task Submit_TheSameRequestIdTwice_IsOneJob()
    {
        var options = new SubmitOptions
        {
            PipelineId = "detect_only",
            MaxFrames = 1,
            RequestId = Guid.NewGuid().ToString(),
        };
        await using var client = shared.Services.Client();
        var first = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, options, cancellationToken: Token);
        var second = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, options, cancellationToken: Token);
        Assert.Equal(first.JobId, second.JobId);

        var conflict = await Assert.ThrowsAsync<ForegSyteException>(() => client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, options with { MaxFrames = 2, PipelineId = "ocr_only" },
            cancellationToken: Token));
        Assert.Equal(ErrorReason.RequestIdConflict, conflict.Reason);
        Assert.Equal("pipeline_id,options.max_frames", conflict.Metadata["fields"]);
    }

    [Fact]
    public async Task ListJobs_WithFilterAndPages_HasNewestFirst()
    {
        await using var client = shared.Services.Client();
        var name = $"listed-{Guid.NewGuid():N}";
        var submitted = new List<string>();
        for (var index = 0; index < 3; index++)
        {
            var options = new SubmitOptions { PipelineId = "detect_only", MaxFrames = 1, DisplayName = name };
            var job = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, options, cancellationToken: Token);
            submitted.Insert(0, (await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token)).JobId);
        }

        var listed = await client
            .ListJobsAsync(
                $"status = COMPLETED AND display_name = \"{name}\"", pageSize: 2, cancellationToken: Token)
            .ToListAsync(Token);
        Assert.Equal(submitted, listed.Select(job => job.JobId));
        Assert.Equal(await client.GetJobAsync(submitted[0], JobView.Basic, cancellationToken: Token), listed[0]);
    }

    [Fact]
    public async Task Job_RotatedVariableRateClip_IsAnalyzedUprightWithItsTimestamps()
    {
        // The source has 10 frames/s, so frame n is shown at n * 100 ms.
        int[] kept = [0, 3, 4, 9, 17, 18, 40, 99];
        using var folder = new TemporaryFolder();
        var clip = await Clips.MakeAsync(
            folder.File("rotated.mp4"),
            "-i", RepositoryFiles.Pedestrians,
            "-vf", $"select='{string.Join('+', kept.Select(frame => $"eq(n,{frame})"))}',transpose=cclock",
            "-fps_mode", "vfr", "-an", "-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p");
        Mp4Surgery.Rotate(clip, 90);

        await using var client = shared.Services.Client();
        var job = await client.SubmitFileAsync(
            clip, new SubmitOptions { PipelineId = "yolo_ocr" }, cancellationToken: Token);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);

        Assert.True(job.Status == JobStatus.Completed, job.ErrorMessage);
        Assert.Equal((768, 576, 90), (job.Video.Width, job.Video.Height, job.Video.RotationDegrees));
        Assert.Equal((kept.Length, true), (job.Video.FrameCount, job.Video.VariableFrameRate));
        Assert.Equal((kept.Length - 1) / 9.9, job.Video.FrameRate, tolerance: 0.01);

        var frames = await client.GetResultsAsync(job.JobId, cancellationToken: Token).ToListAsync(Token);
        Assert.Equal(Enumerable.Range(0, kept.Length), frames.Select(frame => frame.FrameIndex));
        Assert.Equal(kept.Select(frame => (uint)frame * 100), frames.Select(frame => frame.FrameTimestampMs));

        // The models cannot read rotated text; coordinates of the stored picture would exceed the displayed one.
        Assert.All(frames, frame => Assert.Contains("GATE 07 NORTH", frame.Result.Text, StringComparison.Ordinal));
        Assert.True(
            job.Summary.Labels.Single(label => label.Label == "person").DetectionCount >= kept.Length,
            job.Summary.ToString());
        Assert.All(
            frames.SelectMany(frame => frame.Result.TextRegions).SelectMany(region => region.Polygon),
            point => Assert.True(point.X is >= 0 and <= 768 && point.Y is >= 0 and <= 576, point.ToString()));
    }
}
