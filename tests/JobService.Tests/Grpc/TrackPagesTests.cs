using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Tracks;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Pages of the tracks of <see cref="MovingObjects"/>, of jobs with ten segments.</summary>
public sealed class TrackPagesTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task ReadAsync_WhileTheJobRuns_FollowsTheFinishedSegmentsAndAgreesWithTheDocumentAtTheEnd()
    {
        var steps = Enumerable.Range(0, 12).Select(_ => new TaskCompletionSource()).ToArray();
        var reached = Enumerable.Range(0, 12).Select(_ => new TaskCompletionSource()).ToArray();
        await using var engine = Engine(MovingObjects.Inference(async (_, call, cancellationToken) =>
        {
            reached[call].SetResult();
            await steps[call].Task.WaitAsync(cancellationToken);
        }));
        var jobId = await engine.AddJobAsync();
        Assert.Equal((0, 0, false, ""), Shape(await ObjectsAsync(engine, jobId)));
        var run = engine.RunAsync(jobId);

        ListObjectTracksResponse last = new();
        for (var call = 1; call <= 10; call++)
        {
            await reached[call].Task;
            last = await ObjectsAsync(engine, jobId);
            Assert.Equal((call - 1) * 10, last.EndFrame);
            Assert.False(last.Complete, "The job still runs.");
            steps[call].SetResult();
        }

        Assert.Equal(
            [("person", false, 59), ("car", true, 89)],
            last.ObjectTracks.Select(track => (track.Label, track.Live, track.Last.FrameIndex)));
        await run;
        var end = await ObjectsAsync(engine, jobId);
        Assert.Equal((2, 100, true, ""), Shape(end));
        last.ObjectTracks[0].Live = false;
        Assert.Equal(last.ObjectTracks[0], end.ObjectTracks[0]);
        Assert.Equal(last.ObjectTracks[1].TrackId, end.ObjectTracks[1].TrackId);
    }

    [Fact]
    public async Task ReadAsync_TokenOfARunningJob_GoesOnAfterItsCompletion()
    {
        var (reached, resume) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var engine = Engine(MovingObjects.Inference(async (_, call, cancellationToken) =>
        {
            if (call == 10)
            {
                reached.SetResult();
                await resume.Task.WaitAsync(cancellationToken);
            }
        }));
        var jobId = await engine.AddJobAsync();
        var run = engine.RunAsync(jobId);
        await reached.Task;
        var first = await ObjectsAsync(engine, jobId, pageSize: 1);
        resume.SetResult();
        await run;

        var second = await ObjectsAsync(engine, jobId, pageSize: 1, first.NextPageToken);

        Assert.Equal("person", Assert.Single(first.ObjectTracks).Label);
        Assert.Equal("car", Assert.Single(second.ObjectTracks).Label);
        Assert.Equal((true, ""), (second.Complete, second.NextPageToken));
    }

    [Fact]
    public async Task ReadAsync_CompletedJob_HasTextsAndShots()
    {
        await using var engine = Engine(MovingObjects.Inference());
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);

        var texts = await TextsAsync(engine, jobId);
        var shots = await ShotsAsync(engine, jobId, pageSize: 1);
        var rest = await ShotsAsync(engine, jobId, pageSize: 1, shots.NextPageToken);

        Assert.Equal(MovingObjects.Sign, Assert.Single(texts.TextTracks).Text);
        Assert.Equal((true, 100, ""), (texts.Complete, texts.EndFrame, texts.NextPageToken));
        Assert.Equal([1, 2], shots.Shots.Concat(rest.Shots).Select(shot => shot.Number));
        Assert.Equal("", rest.NextPageToken);
    }

    [Fact]
    public async Task ReadAsync_FailedJobAfterARestart_HasTheTracksOfItsSegmentsAndNoneIsLive()
    {
        await using var engine = Engine(FailingAt(6));
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        await using var restarted = new JobEngine(new ScriptedInference(), _time, engine.Folder);

        var objects = await ObjectsAsync(restarted, jobId);
        var texts = await TextsAsync(restarted, jobId);
        var shots = await ShotsAsync(restarted, jobId);

        Assert.Equal((2, 50, false, ""), Shape(objects));
        Assert.All(objects.ObjectTracks, track => Assert.Equal((false, 49), (track.Live, track.Last.FrameIndex)));
        Assert.False(Assert.Single(texts.TextTracks).Live, "The text is live.");
        Assert.False(Assert.Single(shots.Shots).Live, "The shot is live.");
    }

    [Fact]
    public async Task ReadAsync_DamagedSegmentOfAFailedJob_EndsBeforeIt()
    {
        await using var engine = Engine(FailingAt(6));
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        var path = engine.Folder.File("video_jobs", ArtifactKeys.Segment(jobId, 20, 30));
        await File.WriteAllBytesAsync(path, [], None);

        var page = await ObjectsAsync(engine, jobId);

        Assert.Equal((1, 20, false, ""), Shape(page));
        Assert.Equal(19, page.ObjectTracks[0].Last.FrameIndex);
    }

    [Fact]
    public async Task ReadAsync_PipelineWithoutTracking_IsEmptyAndCompleteAsTheJobIs()
    {
        await using var engine = Engine(new ScriptedInference());
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);

        Assert.Equal((0, 100, true, ""), Shape(await ObjectsAsync(engine, jobId)));
    }

    [Fact]
    public async Task ReadAsync_TracksDocumentLost_IsResultsDamaged()
    {
        await using var engine = Engine(MovingObjects.Inference());
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        await engine.Storage.DeleteAsync(ArtifactKeys.Tracks(ArtifactKeys.Results(jobId)), None);

        var failure = await Assert.ThrowsAsync<ServiceException>(() => ObjectsAsync(engine, jobId));

        Assert.Equal(ErrorReason.ResultsDamaged, failure.Reason);
    }

    [Fact]
    public async Task ReadAsync_TokenOfAnotherMethodOrJob_IsRefused()
    {
        await using var engine = Engine(MovingObjects.Inference());
        var (jobId, otherId) = (await engine.AddJobAsync(), await engine.AddJobAsync());
        await engine.RunAsync(jobId);
        var token = (await ObjectsAsync(engine, jobId, pageSize: 1)).NextPageToken;
        Assert.NotEmpty(token);

        foreach (var call in (Func<Task>[])
        [
            () => TextsAsync(engine, jobId, token: token), () => ShotsAsync(engine, jobId, token: token),
            () => ObjectsAsync(engine, otherId, token: token), () => ObjectsAsync(engine, jobId, token: "x"),
        ])
        {
            var refused = await Assert.ThrowsAsync<ServiceException>(call);
            Assert.Equal(ErrorReason.InvalidPageToken, refused.Reason);
        }

        var negative = await Assert.ThrowsAsync<ServiceException>(() => ObjectsAsync(engine, jobId, pageSize: -1));
        Assert.Equal(ErrorReason.InvalidField, negative.Reason);
    }

    [Fact]
    public async Task ReadAsync_MoreJobsThanAreKept_FollowsAgainAndLeavesNoFiles()
    {
        await using var engine = new JobEngine(
            FailingAt(6, 12), _time, null,
            ("Dispatch:SegmentFrames", "10"), ("Dispatch:SegmentsInFlight", "1"), ("Tracks:MaxLiveJobs", "1"));
        var (jobId, other) = (await engine.AddJobAsync(), await engine.AddJobAsync());
        await engine.RunAsync(jobId);
        await engine.RunAsync(other);
        var first = await ObjectsAsync(engine, jobId);
        Assert.Equal(1, TemporaryFiles(engine));

        await ObjectsAsync(engine, other);
        Assert.Equal(first, await ObjectsAsync(engine, jobId));
        await Wait.UntilAsync(() => TemporaryFiles(engine) == 1, "one job's tracks are kept");

        _time.Advance(TimeSpan.FromMinutes(21));
        await Wait.UntilAsync(() => TemporaryFiles(engine) == 0, "the temporary tracks are deleted");
    }

    [Fact]
    public async Task GetJobResults_EveryFrameOfAStridedJob_FillsTheFramesBetweenOnce()
    {
        await using var engine = Engine(MovingObjects.Inference());
        var jobId = await engine.AddJobAsync(frameStride: 3);
        await engine.RunAsync(jobId);
        var person = (await ObjectsAsync(engine, jobId)).ObjectTracks.Single(track => track.Label == "person").TrackId;

        var all = await ResultsAsync(engine, jobId, pageBytes: 1 << 20);
        Assert.Equal(Enumerable.Range(0, 100), all.Select(frame => frame.FrameIndex));
        Assert.All(all, frame => Assert.Equal(frame.FrameIndex * 100.0, frame.FrameTimestampMs, 1.0));
        foreach (var frame in all.Where(frame => frame.FrameIndex % 3 != 0))
        {
            Assert.Empty(frame.Result.Detections);
            var box = frame.Result.InterpolatedDetections.SingleOrDefault(found => found.TrackId == person);
            Assert.Equal(frame.FrameIndex < 57, box is not null);
            if (box is not null)
            {
                Assert.Equal(MovingObjects.PersonAt(frame.FrameIndex).X, box.Box.X, 0.5);
                Assert.Equal(("person", 0f), (box.Label, box.Confidence));
            }
        }

        foreach (var pageBytes in (int[])[1, 100, 500])
        {
            Assert.Equal(all, await ResultsAsync(engine, jobId, pageBytes));
        }

        var plain = await engine.Pages.ReadAsync(new GetJobResultsRequest { JobId = jobId.ToString() }, None);
        Assert.Equal(all.Where(frame => frame.FrameIndex % 3 == 0), plain.Results);
    }

    private static async Task<List<FrameResult>> ResultsAsync(JobEngine engine, Guid jobId, int pageBytes)
    {
        var frames = new List<FrameResult>();
        var token = "";
        do
        {
            var page = await engine.Pages.ReadAsync(
                new GetJobResultsRequest
                {
                    JobId = jobId.ToString(),
                    EveryFrame = true,
                    PageBytes = pageBytes,
                    PageToken = token,
                },
                None);
            Assert.NotEmpty(page.Results);
            frames.AddRange(page.Results);
            token = page.NextPageToken;
        }
        while (token.Length > 0 && frames.Count <= 100);

        return frames;
    }

    private JobEngine Engine(ScriptedInference inference) => new(
        inference, _time, null, ("Dispatch:SegmentFrames", "10"), ("Dispatch:SegmentsInFlight", "1"));

    private static ScriptedInference FailingAt(params int[] failingCalls) => MovingObjects.Inference((_, call, _) =>
        failingCalls.Contains(call)
            ? throw new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "Failed."))
            : Task.CompletedTask);

    private static int TemporaryFiles(JobEngine engine) =>
        Directory.GetFiles(engine.Folder.File("video_jobs"), "*.tmp").Length;

    private static (int Count, int EndFrame, bool Complete, string Token) Shape(ListObjectTracksResponse page) =>
        (page.ObjectTracks.Count, page.EndFrame, page.Complete, page.NextPageToken);

    private static Task<ListObjectTracksResponse> ObjectsAsync(
        JobEngine engine, Guid jobId, int pageSize = 0, string token = "") => engine.TrackPages.ReadAsync(
            new ListObjectTracksRequest { JobId = jobId.ToString(), PageSize = pageSize, PageToken = token }, None);

    private static Task<ListTextTracksResponse> TextsAsync(JobEngine engine, Guid jobId, string token = "") =>
        engine.TrackPages.ReadAsync(
            new ListTextTracksRequest { JobId = jobId.ToString(), PageToken = token }, None);

    private static Task<ListShotsResponse> ShotsAsync(
        JobEngine engine, Guid jobId, int pageSize = 0, string token = "") => engine.TrackPages.ReadAsync(
            new ListShotsRequest { JobId = jobId.ToString(), PageSize = pageSize, PageToken = token }, None);
}
