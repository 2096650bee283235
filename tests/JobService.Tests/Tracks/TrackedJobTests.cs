using System.Text;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Tracks;

/// <summary>Jobs over <see cref="MovingObjects"/>, on a real database and real files.</summary>
public sealed class TrackedJobTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Ten segments.</summary>
    private static readonly (string, string)[] OneAtATime =
        [("Dispatch:SegmentsInFlight", "1"), ("Dispatch:SegmentFrames", "10")];

    private static readonly JobOptions Choices = new()
    {
        Zones =
        {
            new Zone
            {
                Id = "middle",
                Area = new RelativePolygon { Points = { At(0.25, 0), At(0.4, 0), At(0.4, 1), At(0.25, 1) } },
            },
            new Zone
            {
                Id = "nobody",
                Area = new RelativePolygon { Points = { At(0, 0.95), At(0.1, 0.95), At(0.1, 1) } },
            },
        },
        Lines = { new CountingLine { Id = "line", Start = At(0.3, 1), End = At(0.3, 0) } },
    };

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task RunAsync_PipelineWithTracking_WritesTracksIdsAndSummary()
    {
        await using var engine = new JobEngine(MovingObjects.Inference(), _time, null, OneAtATime);
        var jobId = await engine.AddJobAsync(choices: Choices);
        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.True(job.HasTracks, "The job has no tracks.");
        var tracks = await TracksAsync(engine, job);
        var results = await ResultsAsync(engine, job);
        Assert.Equal(["person", "car"], tracks.ObjectTracks.Select(track => track.Label));
        Assert.Equal([1, 2], tracks.Shots.Select(shot => shot.Number));
        var text = Assert.Single(tracks.TextTracks);

        // Every published track has as many detections as it says, less those below the pipeline's confidence.
        var seen = results.SelectMany(frame => frame.Result.Detections).CountBy(found => found.TrackId).ToDictionary();
        Assert.Equal(
            tracks.ObjectTracks.Select(track => (track.TrackId, track.FramesSeen - (track.Label == "person" ? 1 : 0))),
            seen.Where(pair => pair.Key > 0).Select(pair => (pair.Key, pair.Value)).Order());
        Assert.Equal("dog", Assert.Single(
            results.SelectMany(frame => frame.Result.Detections), found => found.TrackId == 0).Label);
        Assert.All(
            results.SelectMany(frame => frame.Result.TextRegions),
            region => Assert.Equal(text.TrackId, region.TrackId));
        var between = results.SelectMany(frame => frame.Result.InterpolatedDetections).ToList();
        Assert.Equal(5, between.Count);
        Assert.All(between, box => Assert.Equal(
            ("person", 0, 0f, tracks.ObjectTracks[0].TrackId),
            (box.Label, box.ClassId, box.Confidence, box.TrackId)));

        var summary = job.Summary!;
        Assert.Equal(
            [("car", 70L, 1), ("person", 55L, 1), ("dog", 1L, 0)],
            summary.Labels.Select(label => (label.Label, label.DetectionCount, label.TrackCount)));
        Assert.Equal((1, 2), (summary.TextTrackCount, summary.ShotCount));
        Assert.Equal(["middle", "nobody"], summary.Zones.Select(zone => zone.ZoneId));
        Assert.Contains(summary.Zones[0].Tracks, count => count is { Label: "person", Count: 1 });
        Assert.Empty(summary.Zones[1].Tracks);
        Assert.Contains(Assert.Single(summary.Lines).ToRight, count => count is { Label: "person", Count: 1 });
        var bytes = (await engine.Storage.ReadAsync(job.OutputPath!)).Length
            + (await engine.Storage.ReadAsync(ArtifactKeys.Tracks(job.OutputPath!))).Length;
        Assert.Equal(bytes, job.ResultBytes);
        Assert.True((await engine.Storage.ReadManifestAsync(jobId))!.HasTracks, "The manifest has no tracks.");
    }

    [Fact]
    public async Task RunAsync_PipelineWithoutTracking_HasNoTracksDocument()
    {
        await using var engine = new JobEngine(
            MovingObjects.Inference(tracking: new V1.Tracking()), _time, null, OneAtATime);
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, false), (job.Status, job.HasTracks));
        Assert.False(await engine.Storage.HasAsync(ArtifactKeys.Tracks(job.OutputPath!)), "There is a document.");
        Assert.All(
            (await ResultsAsync(engine, job)).SelectMany(frame => frame.Result.Detections),
            found => Assert.Equal(0, found.TrackId));
    }

    [Fact]
    public async Task RunAsync_KilledBetweenAnyTwoSteps_EndsWithTheSameBytesAndLeavesNothing()
    {
        var uninterrupted = await RunUninterruptedAsync();
        var snapshots = new List<(string Step, TemporaryFolder Folder)>();
        using var folder = new TemporaryFolder();
        Guid jobId;
        await using (var engine = new JobEngine(
            MovingObjects.Inference(), _time, folder, storage => new ObservedStorage(storage, TakeSnapshot),
            [("Dispatch:SegmentsInFlight", "1"), ("Dispatch:SegmentFrames", "25")]))
        {
            jobId = await engine.AddJobAsync();
            await engine.RunAsync(jobId);
        }

        Assert.Contains(snapshots, snapshot => snapshot.Step.EndsWith("_tracks.json", StringComparison.Ordinal));
        foreach (var (step, snapshot) in snapshots)
        {
            TestContext.Current.SendDiagnosticMessage(step);
            await using (var engine = new JobEngine(MovingObjects.Inference(), _time, snapshot))
            {
                await engine.Recovery.RunAsync(None);
                await engine.RunAsync(jobId);
                await engine.Sweep.RunAsync(None);
                await engine.Storage.RemoveAbandonedAsync(None);
                Assert.Equal(uninterrupted, await OutcomeAsync(engine, jobId));
                Assert.Equal(
                    new[]
                    {
                        StorageCalls.SidecarOf(jobId), ArtifactKeys.Results(jobId),
                        ArtifactKeys.Tracks(ArtifactKeys.Results(jobId)),
                    }.Order(StringComparer.Ordinal),
                    Directory.GetFiles(snapshot.File("video_jobs"))
                        .Select(path => Path.GetFileName(path))
                        .Where(name => name != ".generation")
                        .Order(StringComparer.Ordinal));
            }

            snapshot.Dispose();
        }

        void TakeSnapshot(string step)
        {
            var snapshot = new TemporaryFolder();
            CopyFolder(folder.Path, snapshot.Path);
            snapshots.Add((step, snapshot));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task RunAsync_SegmentsInAnyOrder_GivesTheSameBytes(int inFlight)
    {
        var uninterrupted = await RunUninterruptedAsync();
        var last = new TaskCompletionSource();
        var inference = MovingObjects.Inference(onRun: async (request, _, cancellationToken) =>
        {
            // With several in flight, the second one ends last.
            if (inFlight > 1 && request.Range.StartFrame == 10)
            {
                await last.Task.WaitAsync(cancellationToken);
            }
            else if (request.Range.EndFrame == 100)
            {
                last.SetResult();
            }
        });
        await using var engine = new JobEngine(
            inference, _time, null, ("Dispatch:SegmentsInFlight", $"{inFlight}"), ("Dispatch:SegmentFrames", "10"));
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);

        Assert.Equal(uninterrupted, await OutcomeAsync(engine, jobId));
    }

    [Fact]
    public async Task RunAsync_SegmentDamagedBeforeItsTracksAreFollowed_IsRunAgain()
    {
        var uninterrupted = await RunUninterruptedAsync();
        JobEngine engine = null!;
        var jobId = Guid.Empty;
        var inference = MovingObjects.Inference(onRun: (_, call, _) =>
        {
            if (call == 10)
            {
                Damage(engine, jobId, 20, 30);
            }

            return Task.CompletedTask;
        });
        await using (engine = new JobEngine(inference, _time, null, OneAtATime))
        {
            jobId = await engine.AddJobAsync();
            await engine.RunAsync(jobId);

            Assert.Equal(uninterrupted, await OutcomeAsync(engine, jobId));
            Assert.Equal(20, inference.Requests[^1].Range.StartFrame);
        }
    }

    [Fact]
    public async Task RunAsync_SegmentDamagedWhileTheResultsAreWritten_FollowsTheTracksAgain()
    {
        JobEngine engine = null!;
        var jobId = Guid.Empty;
        var (damaged, repeated) = (false, false);
        var inference = new ScriptedInference
        {
            Width = MovingObjects.Width,
            Height = MovingObjects.Height,
            Change = (request, response) =>
            {
                MovingObjects.Describe(response, MovingObjects.Tracking);
                if (damaged && request.Range.StartFrame == 0)
                {
                    // Another device finds nothing in the first frames.
                    repeated = true;
                    response.Results.ToList().ForEach(frame => frame.Result.Detections.Clear());
                }
            },
        };
        await using (engine = new JobEngine(
            inference, _time, null,
            storage => new ObservedStorage(storage, _ => { }) { OnStage = DamageAtFirstStage }, OneAtATime))
        {
            jobId = await engine.AddJobAsync();
            await engine.RunAsync(jobId);

            var job = await engine.ReadAsync(jobId);
            Assert.True(repeated, "The damaged segment was not run again.");
            Assert.Equal(JobStatus.Completed, job.Status);
            var tracks = await TracksAsync(engine, job);
            Assert.Equal(10, tracks.ObjectTracks.Single(track => track.Label == "person").First.FrameIndex);
            var seen = (await ResultsAsync(engine, job)).SelectMany(frame => frame.Result.Detections)
                .Where(found => found.TrackId > 0)
                .Select(found => found.TrackId)
                .Distinct()
                .Order();
            Assert.Equal(tracks.ObjectTracks.Select(track => track.TrackId), seen);
        }

        // The tracks are followed to the end when the results document is staged.
        void DamageAtFirstStage(string key)
        {
            if (!damaged && key == ArtifactKeys.Results(jobId))
            {
                damaged = true;
                Damage(engine, jobId, 0, 10);
            }
        }
    }

    [Fact]
    public async Task RunAsync_ParameterOutOfRange_FailsTheAttempt()
    {
        var tracking = MovingObjects.Tracking.Clone();
        tracking.Objects.Parameters["min_frames"] = -1;
        await using var engine = new JobEngine(MovingObjects.Inference(tracking: tracking), _time, null, OneAtATime);
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(ErrorReason.Internal, job.Attempts[^1].Failure?.Reason);
    }

    [Fact]
    public async Task RunAsync_RetriedJobWithLostFrames_FollowsTheNewSegments()
    {
        JobEngine engine = null!;
        var jobId = Guid.Empty;
        ListObjectTracksResponse? second = null;
        var inference = MovingObjects.Inference(onRun: async (_, call, _) =>
        {
            if (call == 10)
            {
                throw new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "Failed."));
            }

            // The second call of the second run: its first segment, which had lost frames, is stored.
            second = call == 12 ? await PageAsync(engine, jobId) : second;
        });
        inference.IsLost = frame => frame < 10;
        await using var owned = engine = new JobEngine(inference, _time, null, OneAtATime);
        jobId = await engine.AddJobAsync();
        await engine.PutVideoAsync(jobId);
        await engine.RunAsync(jobId);
        var failed = await PageAsync(engine, jobId);
        Assert.Equal(10, failed.ObjectTracks[0].First.FrameIndex);

        inference.IsLost = _ => false;
        await engine.Control.RetryAsync(jobId, _ => { }, None);
        var retried = await PageAsync(engine, jobId);
        Assert.Equal((0, 0, false), (retried.ObjectTracks.Count, retried.EndFrame, retried.Complete));
        await engine.RunAsync(jobId);

        Assert.Equal((90, 0), (second!.EndFrame, second.ObjectTracks[0].First.FrameIndex));
        Assert.Equal(await RunUninterruptedAsync(), await OutcomeAsync(engine, jobId));
    }

    [Fact]
    public async Task DeleteAsync_TrackedJob_LeavesNothing()
    {
        await using var engine = new JobEngine(MovingObjects.Inference(), _time, null, OneAtATime);
        var jobId = await engine.AddJobAsync();
        await engine.PutVideoAsync(jobId);
        await engine.RunAsync(jobId);
        Assert.Contains(ArtifactKeys.Tracks(ArtifactKeys.Results(jobId)), await engine.Storage.KeysAsync());

        await engine.Removal.DeleteAsync(jobId, _ => { }, None);

        Assert.Empty(await engine.Storage.KeysAsync());
    }

    private async Task<(string Results, string Tracks, string Summary)> RunUninterruptedAsync()
    {
        await using var engine = new JobEngine(MovingObjects.Inference(), _time, null);
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        return await OutcomeAsync(engine, jobId);
    }

    private static Task<ListObjectTracksResponse> PageAsync(JobEngine engine, Guid jobId) =>
        engine.TrackPages.ReadAsync(new ListObjectTracksRequest { JobId = jobId.ToString() }, None);

    private static async Task<(string Results, string Tracks, string Summary)> OutcomeAsync(
        JobEngine engine, Guid jobId)
    {
        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, true), (job.Status, job.HasTracks));
        return (
            Encoding.UTF8.GetString(await engine.Storage.ReadAsync(job.OutputPath!)),
            Encoding.UTF8.GetString(await engine.Storage.ReadAsync(ArtifactKeys.Tracks(job.OutputPath!))),
            ForegSyteJson.Formatter.Format(job.Summary));
    }

    private static async Task<TracksDocument> TracksAsync(JobEngine engine, JobRecord job) =>
        ForegSyteJson.StrictParser.Parse<TracksDocument>(
            Encoding.UTF8.GetString(await engine.Storage.ReadAsync(ArtifactKeys.Tracks(job.OutputPath!))));

    private static async Task<IReadOnlyList<FrameResult>> ResultsAsync(JobEngine engine, JobRecord job) =>
        ForegSyteJson.StrictParser.Parse<ResultsDocument>(
            Encoding.UTF8.GetString(await engine.Storage.ReadAsync(job.OutputPath!))).Results;

    private static void Damage(JobEngine engine, Guid jobId, int startFrame, int endFrame)
    {
        var path = engine.Folder.File("video_jobs", ArtifactKeys.Segment(jobId, startFrame, endFrame));
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }

        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }

    private static RelativePoint At(double x, double y) => new() { X = x, Y = y };
}
