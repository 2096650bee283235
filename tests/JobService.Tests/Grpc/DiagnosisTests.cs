using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>DiagnoseJob, over a socket.</summary>
public sealed class DiagnosisTests
{
    private const string LastWords = "VIDEO: Invalid data found when processing input";

    private static readonly (string, string) NoServingPatience = ("Dispatch:ServingPatience", "00:00:00.010");
    private static readonly TimeSpan StateTimeout = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Diagnose_RunningJob_ShowsItsSegmentsAndTheirInstances()
    {
        var (started, go) = (NewSignal(), NewSignal());
        var inference = new ScriptedInference
        {
            OnRun = async (_, call, cancellationToken) =>
            {
                if (call == 3)
                {
                    started.SetResult();
                }

                await (call < 2 ? Task.CompletedTask : go.Task.WaitAsync(cancellationToken));
            },
        };
        await using var service = await RunningJobService.StartAsync(inference, ("Dispatch:SegmentFrames", "20"));
        var jobId = (await service.SubmitAsync()).JobId;
        await started.Task.WaitAsync(StateTimeout, Cancellation);
        await service.GetWhenAsync(jobId, job => job.Progress.FramesDone == 20);

        var diagnosis = await DiagnoseAsync(service, jobId);

        Assert.Equal(new SegmentCounts { Planned = 5, Finished = 1, Running = 2 }, diagnosis.SegmentCounts);
        Assert.Equal(
            [(0, SegmentState.Finished), (1, SegmentState.Running), (2, SegmentState.Running)],
            diagnosis.Segments.Select(segment => (segment.Number, segment.State)));
        Assert.All(diagnosis.Segments, segment => Assert.Equal(inference.Address.ToString(), segment.Instance));
        Assert.Equal(20, diagnosis.Segments[0].FramesAnalyzed);
        Assert.NotNull(diagnosis.Segments[0].EndedAt);
        Assert.Null(diagnosis.Segments[1].EndedAt);
        Assert.Contains(
            "1 of 5 segments are finished, 2 are running; 20 of 100 frames are done.", diagnosis.Explanation,
            StringComparison.Ordinal);
        Assert.Equal(
            [JobTimelineEntryKind.Accepted, JobTimelineEntryKind.AttemptStarted],
            diagnosis.Timeline.Select(item => item.Kind));
        Assert.Equal((1, 2, 1, 1), (
            diagnosis.Dispatch.RunningJobs, diagnosis.Dispatch.MaxRunningJobs, diagnosis.Dispatch.ServingInstances,
            diagnosis.Dispatch.KnownInstances));

        go.SetResult();
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
        var completed = await DiagnoseAsync(service, jobId);
        Assert.Equal("The job is completed: 100 frames in 1 attempt.", completed.Explanation);
        Assert.Equal(5, completed.Segments.Count(segment => segment.State == SegmentState.Finished));
        Assert.Equal(JobTimelineEntryKind.Completed, completed.Timeline[^1].Kind);
    }

    [Fact]
    public async Task Diagnose_FailedJob_ShowsTheDecoderLogAndWhatToDo()
    {
        var inference = new ScriptedInference
        {
            OnRun = (_, call, _) => throw new InferenceFailedException(
                call == 1
                    ? new JobFailure(ErrorReason.DecoderLost, "Signal 11 ended it.") { LastWords = LastWords }
                    : new JobFailure(ErrorReason.VideoLimitExceeded, "The video needs more memory.")),
        };
        await using var service = await RunningJobService.StartAsync(
            inference, ("Retry:FirstDelay", "00:00:00.010"), ("Dispatch:SegmentFrames", "100"));
        var jobId = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Failed);

        var diagnosis = await DiagnoseAsync(service, jobId);

        Assert.Equal(LastWords, diagnosis.DecoderOutput);
        Assert.StartsWith(
            "The job failed with VIDEO_LIMIT_EXCEEDED: The video needs more memory. Another attempt would fail in the "
            + "same way.",
            diagnosis.Explanation,
            StringComparison.Ordinal);
        Assert.Equal(
            [
                JobTimelineEntryKind.Accepted,
                JobTimelineEntryKind.AttemptStarted, JobTimelineEntryKind.SegmentFailed,
                JobTimelineEntryKind.AttemptEnded,
                JobTimelineEntryKind.AttemptStarted, JobTimelineEntryKind.SegmentFailed,
                JobTimelineEntryKind.AttemptEnded,
                JobTimelineEntryKind.Failed,
            ],
            diagnosis.Timeline.Select(item => item.Kind));
        Assert.Equal(
            [ErrorReason.DecoderLost, ErrorReason.VideoLimitExceeded],
            diagnosis.Segments.Where(segment => segment.State == SegmentState.Failed)
                .Select(segment => ErrorStatus.ReasonOf(segment.Error)));
        Assert.DoesNotContain(LastWords, (await service.GetAsync(jobId)).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diagnose_DamagedVideo_CallsTheSegmentFailedAndShowsWhatFfmpegSaid()
    {
        var inference = new ScriptedInference
        {
            IsLost = frame => frame == 70,
            OnRun = (request, _, _) => request.Range.StartFrame == 20
                ? throw new InferenceFailedException(
                    new JobFailure(ErrorReason.UndecodableVideo, "No frame.") { LastWords = LastWords })
                : Task.CompletedTask,
        };
        await using var service = await RunningJobService.StartAsync(
            inference, ("Dispatch:SegmentFrames", "20"), ("Dispatch:SegmentsInFlight", "1"));
        var jobId = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);

        var diagnosis = await DiagnoseAsync(service, jobId);

        Assert.Equal(
            [
                (SegmentState.Finished, 20, ""), (SegmentState.Failed, 0, LastWords), (SegmentState.Finished, 20, ""),
                (SegmentState.Finished, 19, "VIDEO: 1 frames from 70 lost"), (SegmentState.Finished, 20, ""),
            ],
            diagnosis.Segments.Select(segment => (segment.State, segment.FramesAnalyzed, segment.DecoderOutput)));
        Assert.Equal("VIDEO: 1 frames from 70 lost", diagnosis.DecoderOutput);
        Assert.Equal(
            "The job is completed: 79 frames in 1 attempt. 21 frames could not be decoded and no results exist for "
            + "them. If they matter, submit an undamaged copy of the video.",
            diagnosis.Explanation);
        Assert.Equal(
            "frames 20 to 39: UNDECODABLE_VIDEO: No frame.",
            Assert.Single(diagnosis.Timeline, item => item.Kind == JobTimelineEntryKind.SegmentFailed).Description);
    }

    [Fact]
    public void Join_StoredRunsOfEarlierProcesses_AreAddedInOrderAndKnownOnesAreNot()
    {
        var runs = new[] { Run(number: 4, attempt: 2, minute: 9), Run(number: 5, attempt: 2, minute: 10) };
        var stored = new[]
        {
            Run(number: 4, attempt: 1, minute: 1) with { DecoderOutput = "earlier" },
            Run(number: 4, attempt: 2, minute: 9),
        };

        var joined = JobTimeline.Join(runs, stored);

        Assert.Equal(
            [(4, 1, "earlier"), (4, 2, ""), (5, 2, "")],
            joined.Select(run => (run.Segment.Number, run.Attempt, run.DecoderOutput)));
        Assert.Equal("earlier", JobTimeline.DecoderOutputOf(TestJobs.Pending(), stored));

        static SegmentRun Run(int number, int attempt, int minute) => new(
            new Segment(number, number * 10, (number * 10) + 10), attempt, TestJobs.Noon.AddMinutes(minute))
        {
            EndedAt = TestJobs.Noon.AddMinutes(minute + 1),
        };
    }

    [Fact]
    public async Task Diagnose_PendingJob_ExplainsItsWait()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing(), NoServingPatience);
        await service.SubmitAsync(priority: 9);
        var jobId = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(jobId, job => job.QueueState.Reason == WaitReason.NoInferenceService);

        var diagnosis = await DiagnoseAsync(service, jobId);

        Assert.Equal(
            "None of 1 known InferenceServices is serving (option Inference:Addresses). The job is number 2 in the "
            + "queue and starts when one is; waiting uses up no attempt.",
            diagnosis.Explanation);
        Assert.Equal((0, 2), (diagnosis.Dispatch.RunningJobs, diagnosis.Dispatch.PendingJobs));
        Assert.Equal(WaitReason.NoInferenceService, diagnosis.Job.QueueState.Reason);
    }

    [Fact]
    [Reaches(ErrorReason.JobNotFound)]
    public async Task Diagnose_NoSuchJob_IsNotFound()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var request = new DiagnoseJobRequest { JobId = Guid.NewGuid().ToString() };
        var refusal = await Refusal.OfAsync(service.Client.DiagnoseJobAsync(request, cancellationToken: Cancellation));
        Assert.Equal(ErrorReason.JobNotFound, refusal.Reason);
    }

    [Fact]
    public async Task Diagnose_ByANonAdmin_NamesNoInferenceService()
    {
        using var setup = AccessSetup.ApiKeys();
        var inference = new ScriptedInference();
        await using var service = await RunningJobService.StartAsync(inference, [.. setup.Settings]);
        using var submitter = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        var submitted = await new JobService.JobServiceClient(submitter).SubmitVideoAsync(
            RunningJobService.Request(), cancellationToken: Cancellation);
        var (read, admin) = ("read", "admin");
        var byReader = await WhenCompletedAsync(setup, service, read, submitted.Job.JobId);
        var byAdmin = await WhenCompletedAsync(setup, service, admin, submitted.Job.JobId);

        Assert.All(byReader.Segments, segment => Assert.Empty(segment.Instance));
        Assert.All(byAdmin.Segments, segment => Assert.Equal(inference.Address.ToString(), segment.Instance));
    }

    [Fact]
    public async Task Diagnose_SeveralTenants_CountsOnlyTheJobsThatTheCallerCanSee()
    {
        using var setup = AccessSetup.ApiKeys();
        var inference = new ScriptedInference
        {
            OnRun = (_, _, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken),
        };
        await using var service = await RunningJobService.StartAsync(
            inference,
            [
                .. setup.Settings, ("Dispatch:MaxConcurrentJobs", "2"), ("Dispatch:ReservedJobs", "1"),
                ("Tenants:MaxRunningJobs", "1"),
            ]);
        var jobs = new Dictionary<string, string>();
        foreach (var caller in new[] { "submit", "submit", "other", "other", "other" })
        {
            using var channel = AccessOutcome.ChannelOf(service.Address, setup.Callers[caller]);
            jobs[caller] = (await new JobService.JobServiceClient(channel).SubmitVideoAsync(
                RunningJobService.Request(), cancellationToken: Cancellation)).Job.JobId;
        }

        await DiagnoseWhenAsync("admin", "submit", state => state is { RunningJobs: 2, PendingJobs: 3 });
        var own = await DiagnoseWhenAsync("read", "submit", _ => true);
        var other = await DiagnoseWhenAsync("other", "other", _ => true);
        var all = await DiagnoseWhenAsync("admin", "other", _ => true);

        Assert.Equal((1, 1, 1), (own.Dispatch.RunningJobs, own.Dispatch.MaxRunningJobs, own.Dispatch.PendingJobs));
        Assert.StartsWith(
            "1 of at most 1 jobs of your tenant are running", own.Explanation, StringComparison.Ordinal);
        Assert.Equal(
            (1, 1, 2), (other.Dispatch.RunningJobs, other.Dispatch.MaxRunningJobs, other.Dispatch.PendingJobs));
        Assert.Equal((2, 3, 3), (all.Dispatch.RunningJobs, all.Dispatch.MaxRunningJobs, all.Dispatch.PendingJobs));
        Assert.StartsWith("2 of at most 3 jobs are running", all.Explanation, StringComparison.Ordinal);

        async Task<JobDiagnosis> DiagnoseWhenAsync(string caller, string owner, Predicate<DispatchState> condition)
        {
            using var channel = AccessOutcome.ChannelOf(service.Address, setup.Callers[caller]);
            var client = new JobService.JobServiceClient(channel);
            var request = new DiagnoseJobRequest { JobId = jobs[owner] };
            return (await Wait.ForAsync(
                () => client.DiagnoseJobAsync(request, cancellationToken: Cancellation).ResponseAsync,
                answer => condition(answer.Diagnosis.Dispatch), "the jobs run")).Diagnosis;
        }
    }

    private static async Task<JobDiagnosis> WhenCompletedAsync(
        AccessSetup setup, RunningJobService service, string caller, string jobId)
    {
        using var channel = AccessOutcome.ChannelOf(service.Address, setup.Callers[caller]);
        var client = new JobService.JobServiceClient(channel);
        var answer = await Wait.ForAsync(
            () => client.DiagnoseJobAsync(
                new DiagnoseJobRequest { JobId = jobId }, cancellationToken: Cancellation).ResponseAsync,
            answer => answer.Diagnosis.Job.Status == JobStatus.Completed, "the job completes");
        Assert.NotEmpty(answer.Diagnosis.Segments);
        return answer.Diagnosis;
    }

    private static async Task<JobDiagnosis> DiagnoseAsync(RunningJobService service, string jobId) =>
        (await service.Client.DiagnoseJobAsync(
            new DiagnoseJobRequest { JobId = jobId }, cancellationToken: Cancellation)).Diagnosis;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
