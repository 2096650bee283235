using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Pages of running, failed, cancelled and completed jobs with five segments of 20 frames.</summary>
public sealed class ResultPagesTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task ReadAsync_WhileTheJobRuns_ReturnsFinishedSegmentsAndATokenThatOutlivesThem()
    {
        var (reached, resume) = (new TaskCompletionSource(), new TaskCompletionSource());
        var inference = new ScriptedInference
        {
            OnRun = async (_, call, cancellationToken) =>
            {
                if (call == 3)
                {
                    reached.SetResult();
                    await resume.Task.WaitAsync(cancellationToken);
                }
            },
        };
        await using var engine = Engine(inference);
        var jobId = await engine.AddJobAsync();
        var empty = await ReadAsync(engine, jobId);
        Assert.Equal((0, false, 0), (empty.Results.Count, empty.Complete, empty.EndFrame));
        var run = engine.RunAsync(jobId);
        await reached.Task;

        var first = await ReadAsync(engine, jobId, empty.NextPageToken);
        Assert.Equal(Enumerable.Range(0, 40), Indexes(first));
        Assert.Equal((false, 40), (first.Complete, first.EndFrame));
        var second = await ReadAsync(engine, jobId, first.NextPageToken);
        Assert.Empty(second.Results);
        Assert.Equal(first.NextPageToken, second.NextPageToken);

        resume.SetResult();
        await run;
        var rest = await ReadAsync(engine, jobId, second.NextPageToken);
        Assert.Equal(Enumerable.Range(40, 60), Indexes(rest));
        Assert.Equal((true, 100, ""), (rest.Complete, rest.EndFrame, rest.NextPageToken));
    }

    [Fact]
    public async Task ReadAsync_SegmentBehindAGap_IsNotReturned()
    {
        var (othersDone, resume) = (new TaskCompletionSource(), new TaskCompletionSource());
        var inference = new ScriptedInference
        {
            OnRun = async (request, _, cancellationToken) =>
            {
                if (request.Range.StartFrame == 20)
                {
                    await resume.Task.WaitAsync(cancellationToken);
                }
                else if (request.Range.StartFrame == 80)
                {
                    othersDone.SetResult();
                }
            },
        };
        await using var engine = Engine(inference, inFlight: "2");
        var jobId = await engine.AddJobAsync();
        var run = engine.RunAsync(jobId);
        await othersDone.Task;
        Assert.Equal(20, (await ReadAsync(engine, jobId)).EndFrame);
        resume.SetResult();
        await run;
        Assert.Equal(100, (await ReadAsync(engine, jobId)).EndFrame);
    }

    [Fact]
    public async Task ReadAsync_SmallPagesOfSegments_ReturnEachFrameOnce()
    {
        var inference = new ScriptedInference { OnRun = (_, call, _) => FailIf(call == 2) };
        await using var engine = Engine(inference);
        var jobId = await engine.AddJobAsync(frameStride: 3);
        await engine.RunAsync(jobId);

        var indexes = new List<int>();
        var token = "";
        do
        {
            var page = await ReadAsync(engine, jobId, token, pageBytes: 100, startFrame: token == "" ? 10 : 0);
            Assert.InRange(page.Results.Count, 1, 5);
            indexes.AddRange(Indexes(page));
            token = page.NextPageToken;
        }
        while (token.Length > 0 && indexes.Count < 1000);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Failed, job.Status);
        Assert.Equal(60, (await ReadAsync(engine, jobId)).EndFrame);
        Assert.Equal(Enumerable.Range(4, 16).Select(i => i * 3), indexes);
    }

    [Fact]
    public async Task ReadAsync_FailedJobAfterARestart_ReturnsItsSegments()
    {
        await using var engine = Engine(new ScriptedInference { OnRun = (_, call, _) => FailIf(call == 3) });
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        await using var restarted = new JobEngine(new ScriptedInference(), _time, engine.Folder);

        var page = await ReadAsync(restarted, jobId);

        Assert.Equal(Enumerable.Range(0, 40), Indexes(page));
        Assert.Equal((false, 40, ""), (page.Complete, page.EndFrame, page.NextPageToken));
    }

    [Fact]
    public async Task ReadAsync_JobThatFailedBeforeAnySegment_IsNotReady()
    {
        await using var engine = Engine(new ScriptedInference { OnRun = (_, _, _) => FailIf(true) });
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        await AssertNotReadyAsync(engine, jobId, "FAILED");
    }

    [Fact]
    public async Task ReadAsync_SegmentWithAChangedLetter_IsNotReturned()
    {
        await using var engine = Engine(new ScriptedInference { OnRun = (_, call, _) => FailIf(call == 4) });
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        Assert.Equal(60, (await ReadAsync(engine, jobId)).EndFrame);
        var path = engine.Folder.File("video_jobs", ArtifactKeys.Segment(jobId, 20, 40));
        var bytes = await File.ReadAllBytesAsync(path, None);

        // A letter of a label: the segment stays well-formed, so only its checksum can tell.
        var label = bytes.AsSpan().IndexOf("person"u8);
        Assert.True(label >= 0, "The segment has no label in plain text.");
        bytes[label] = (byte)'P';
        await File.WriteAllBytesAsync(path, bytes, None);

        var page = await ReadAsync(engine, jobId);

        Assert.Equal(Enumerable.Range(0, 20), Indexes(page));
        Assert.Equal((20, ""), (page.EndFrame, page.NextPageToken));
    }

    private JobEngine Engine(ScriptedInference inference, string inFlight = "1") => new(
        inference, _time, null, ("Dispatch:SegmentFrames", "20"), ("Dispatch:SegmentsInFlight", inFlight));

    private static Task<GetJobResultsResponse> ReadAsync(
        JobEngine engine, Guid jobId, string token = "", int pageBytes = 0, int startFrame = 0) =>
        engine.Pages.ReadAsync(
            new GetJobResultsRequest
            {
                JobId = jobId.ToString(),
                PageToken = token,
                PageBytes = pageBytes,
                StartFrame = startFrame,
            },
            None);

    private static IEnumerable<int> Indexes(GetJobResultsResponse page) =>
        page.Results.Select(frame => frame.FrameIndex);

    private static async Task AssertNotReadyAsync(JobEngine engine, Guid jobId, string status)
    {
        var refused = await Assert.ThrowsAsync<ServiceException>(() => ReadAsync(engine, jobId));
        Assert.Equal(ErrorReason.ResultsNotReady, refused.Reason);
        Assert.Equal(status, refused.Metadata["status"]);
    }

    private static Task FailIf(bool now) => now
        ? throw new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "Failed."))
        : Task.CompletedTask;
}
