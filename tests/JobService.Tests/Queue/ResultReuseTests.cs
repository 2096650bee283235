using System.Globalization;
using System.Text;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Jobs that take over the results of an equal one.</summary>
public sealed class ResultReuseTests
{
    private const string Version = "v1";
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly Lazy<ByteString> Clip =
        new(() => ByteString.CopyFrom(File.ReadAllBytes(RepositoryFiles.Pedestrians)));

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task Submit_EqualJobIsCompleted_GivesItsResultsWithoutACall()
    {
        var inference = new ScriptedInference { PipelineVersion = Version };
        await using var engine = new JobEngine(inference, _time);
        var first = await RunAsync(engine, await SubmitAsync(engine));
        Assert.Equal(Version, first.PipelineVersion);
        var calls = (inference.Probes, inference.Requests.Count);
        _time.Advance(TimeSpan.FromMinutes(1));

        var second = await RunAsync(engine, await SubmitAsync(engine));

        Assert.Equal(calls, (inference.Probes, inference.Requests.Count));
        Assert.Equal((first.JobId, Version), (second.ReusedJobId, second.PipelineVersion));
        await AssertSameResultsAsync(engine, first, second);
        var (shown, expected) = (JobMessage.From(second), JobMessage.From(first));
        Assert.Equal(expected.Progress, shown.Progress);
        Assert.Equal(expected.Summary, shown.Summary);
        Assert.Equal(expected.Video, shown.Video);
        Assert.Equal(expected.Warnings, shown.Warnings);
        Assert.Equal(expected.Devices, shown.Devices);
        Assert.Equal(TimeSpan.Zero, second.InferenceTime);
        Assert.Equal(first.ResultBytes, second.ResultBytes);
        var rebuilt = (await engine.Storage.ReadManifestAsync(second.JobId))!;
        Assert.Equal((first.JobId, Version), (rebuilt.ReusedJobId, rebuilt.PipelineVersion));
    }

    [Fact]
    public async Task Delete_EitherJob_LeavesTheOther()
    {
        await using var engine = new JobEngine(new ScriptedInference { PipelineVersion = Version }, _time);
        var first = await RunAsync(engine, await SubmitAsync(engine));
        var second = await RunAsync(engine, await SubmitAsync(engine));
        var third = await RunAsync(engine, await SubmitAsync(engine));
        var bytes = await engine.Storage.ReadAsync(first.OutputPath!);

        await engine.Removal.DeleteAsync(first.JobId, _ => { }, None);
        Assert.Equal(bytes, await engine.Storage.ReadAsync(second.OutputPath!));
        await engine.Removal.DeleteAsync(third.JobId, _ => { }, None);
        Assert.Equal(bytes, await engine.Storage.ReadAsync(second.OutputPath!));
        await engine.Removal.DeleteAsync(second.JobId, _ => { }, None);

        Assert.Empty(await engine.Storage.KeysAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_OtherResultsAreGone_RunsItself(bool jobIsDeleted)
    {
        var inference = new ScriptedInference { PipelineVersion = Version };
        await using var engine = new JobEngine(inference, _time);
        var first = await RunAsync(engine, await SubmitAsync(engine));
        var calls = inference.Requests.Count;
        var second = await SubmitAsync(engine);
        Assert.Equal(first.JobId, second.ReusedJobId);
        if (jobIsDeleted)
        {
            await engine.Removal.DeleteAsync(first.JobId, _ => { }, None);
        }
        else
        {
            await engine.Storage.DeleteAsync(first.OutputPath!, None);
        }

        second = await RunAsync(engine, second);

        Assert.Equal(2 * calls, inference.Requests.Count);
        Assert.Null(second.ReusedJobId);
        Assert.Equal(first.Summary, second.Summary);
    }

    [Fact]
    public async Task Run_OtherResultsAreGone_GivesTheirBytesBackToTheQuota()
    {
        // The size of the segments and of the document of a job.
        long segments = 0;
        var measured = new ScriptedInference
        {
            PipelineVersion = Version,
            Change = (_, response) => Interlocked.Add(ref segments, StoredSegment.SizeOf(response)),
        };
        long document;
        await using (var engine = new JobEngine(measured, _time))
        {
            document = (await RunAsync(engine, await SubmitAsync(engine))).ResultBytes;
        }

        // Enough for two jobs, and not for the results that could not be copied as well.
        var limit = document + Math.Max(document, segments) + (Math.Min(document, segments) / 2);
        await using var limited = new JobEngine(
            new ScriptedInference { PipelineVersion = Version }, _time, null,
            ("Tenants:MaxResultBytes", limit.ToString(CultureInfo.InvariantCulture)));
        var first = await RunAsync(limited, await SubmitAsync(limited));
        var second = await SubmitAsync(limited);
        Assert.Equal(first.JobId, second.ReusedJobId);
        await limited.Storage.DeleteAsync(first.OutputPath!, None);

        second = await RunAsync(limited, second);

        Assert.Null(second.ReusedJobId);
        Assert.Equal(first.Summary, second.Summary);
    }

    [Fact]
    public async Task Run_OtherJobIsDeletedDuringTheCopy_RunsItselfAndLeavesNoCopy()
    {
        var inference = new ScriptedInference { PipelineVersion = Version };
        JobEngine engine = null!;
        JobRecord first = null!;
        await using (engine = new JobEngine(
            inference, _time, null, storage => new ObservedStorage(storage, OnStepAsync), []))
        {
            first = await RunAsync(engine, await SubmitAsync(engine));

            var second = await RunAsync(engine, await SubmitAsync(engine));

            Assert.Null(second.ReusedJobId);
            Assert.Equal(first.Summary, second.Summary);
            Assert.Equal(
                new[] { second.InputPath, second.OutputPath!, ArtifactKeys.Sidecar(second.OutputPath!) }.Order(),
                (await engine.Storage.KeysAsync()).Order());
        }

        async Task OnStepAsync(string step)
        {
            if (step.StartsWith("after the copy", StringComparison.Ordinal)
                && step.EndsWith("_results.json", StringComparison.Ordinal))
            {
                await engine.Removal.DeleteAsync(first.JobId, _ => { }, None);
            }
        }
    }

    [Fact]
    public async Task Run_CrashAtAnyStep_GivesTheSameBytes()
    {
        // The document is large enough for an index.
        ScriptedInference NewInference() => new()
        {
            PipelineVersion = Version,
            Change = (_, response) =>
            {
                foreach (var frame in response.Results)
                {
                    frame.Result.Text = new string('x', 5_000);
                }
            },
        };
        using var folder = new TemporaryFolder();
        var snapshots = new List<TemporaryFolder>();
        var isCopying = false;
        JobRecord first, second;
        await using (var engine = new JobEngine(
            NewInference(), _time, folder, storage => new ObservedStorage(storage, OnStep), []))
        {
            first = await RunAsync(engine, await SubmitAsync(engine));
            second = await SubmitAsync(engine);
            isCopying = true;
            second = await RunAsync(engine, second);
            isCopying = false;
            await AssertSameResultsAsync(engine, first, second);
        }

        Assert.InRange(snapshots.Count, 6, 20);
        foreach (var snapshot in snapshots)
        {
            var inference = NewInference();
            await using (var resumed = new JobEngine(inference, _time, snapshot))
            {
                // What the sweep at the start of the service does.
                await resumed.Storage.RemoveAbandonedAsync(None);
                await resumed.Recovery.RunAsync(None);
                var again = await RunAsync(resumed, second);
                Assert.Equal((first.JobId, second.OutputPath), (again.ReusedJobId, again.OutputPath));
                await AssertSameResultsAsync(resumed, first, again);
                Assert.Equal(0, await resumed.Storage.RemoveAbandonedAsync(None));
            }

            Assert.Empty(inference.Requests);
            snapshot.Dispose();
        }

        void OnStep(string step)
        {
            if (isCopying)
            {
                snapshots.Add(new TemporaryFolder());
                FolderCopy.Make(folder.Path, snapshots[^1].Path);
            }
        }
    }

    [Fact]
    public async Task Submit_OtherVersionOrNoWishOrOtherOptions_ReusesNothing()
    {
        await using var engine = new JobEngine(new ScriptedInference { PipelineVersion = Version }, _time);
        await RunAsync(engine, await SubmitAsync(engine));

        Assert.Null((await SubmitAsync(engine, Submission() with { PipelineVersion = "v2" })).ReusedJobId);
        Assert.Null((await SubmitAsync(engine, Submission() with { PipelineVersion = "" })).ReusedJobId);
        Assert.Null((await SubmitAsync(engine, Submission() with { ReuseResults = false })).ReusedJobId);
        Assert.Null((await SubmitAsync(engine, Submission() with { FrameStride = 2 })).ReusedJobId);
        Assert.Null((await SubmitAsync(engine, Submission() with
        {
            Choices = new JobOptions { Labels = { "person" } },
        })).ReusedJobId);
        Assert.NotNull((await SubmitAsync(engine, Submission() with { DisplayName = "other" })).ReusedJobId);
    }

    [Fact]
    public async Task Run_SegmentsOfTwoVersions_HaveNone()
    {
        var inference = new ScriptedInference { PipelineVersion = Version };
        inference.OnRun = (_, call, _) =>
        {
            inference.PipelineVersion = call == 1 ? Version : "v2";
            return Task.CompletedTask;
        };
        await using var engine = new JobEngine(inference, _time);

        Assert.Null((await RunAsync(engine, await SubmitAsync(engine))).PipelineVersion);
    }

    [Fact]
    public async Task Run_MoreFramesThanTheTenantMayAnalyze_Fails()
    {
        using var folder = new TemporaryFolder();
        JobRecord second;
        await using (var engine = new JobEngine(new ScriptedInference { PipelineVersion = Version }, _time, folder))
        {
            await RunAsync(engine, await SubmitAsync(engine));
            second = await SubmitAsync(engine);
        }

        await using var limited = new JobEngine(new ScriptedInference(), _time, folder, ("Tenants:MaxFrames", "99"));
        await limited.Recovery.RunAsync(None);
        await limited.RunAsync(second.JobId);

        var failed = await limited.ReadAsync(second.JobId);
        Assert.Equal((JobStatus.Failed, ErrorReason.VideoLimitExceeded), (failed.Status, failed.Failure!.Reason));
    }

    private static VideoSubmission Submission() =>
        new(new VideoReference.Inline(Clip.Value), "yolo_ocr", 1, 0, "", JobTags.Empty, JobPriority.Default, null)
        {
            ReuseResults = true,
            PipelineVersion = Version,
        };

    private static Task<JobRecord> SubmitAsync(JobEngine engine, VideoSubmission? submission = null) =>
        engine.Services.GetRequiredService<VideoSubmitter>().SubmitAsync(submission ?? Submission(), None);

    private static async Task<JobRecord> RunAsync(JobEngine engine, JobRecord job)
    {
        await engine.RunAsync(job.JobId);
        var ended = await engine.ReadAsync(job.JobId);
        Assert.Equal(JobStatus.Completed, ended.Status);
        return ended;
    }

    private static async Task AssertSameResultsAsync(JobEngine engine, JobRecord first, JobRecord second)
    {
        foreach (var (one, other) in ArtifactKeys.OfResults(first.OutputPath!)
            .Zip(ArtifactKeys.OfResults(second.OutputPath!)).Where(pair => !ArtifactKeys.IsSidecar(pair.First)))
        {
            Assert.Equal(await TextAsync(engine, one), await TextAsync(engine, other));
        }

        Assert.Equal(
            ForegSyteJson.Formatter.Format(first.Summary), ForegSyteJson.Formatter.Format(second.Summary));
    }

    private static async Task<string?> TextAsync(JobEngine engine, string key) =>
        await engine.Storage.ExistsAsync(key, None)
            ? Encoding.Latin1.GetString(await engine.Storage.ReadAsync(key))
            : null;
}
