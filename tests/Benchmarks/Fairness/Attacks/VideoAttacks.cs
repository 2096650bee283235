using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Fairness.Attacks;

/// <summary>Black frames of 8192x8192 in several jobs, cancelled and submitted again.</summary>
internal sealed class HugeFrames : Attack
{
    private const int Jobs = 4;
    private static readonly TimeSpan CancelAfter = TimeSpan.FromSeconds(3);

    public override string Name => "huge-frames";

    public override AttackVideo Video => AttackVideo.HugeFrames;

    public override Task RunAsync(HostileTenant tenant)
    {
        var request = tenant.SubmitRequest();
        return tenant.RepeatAsync(Jobs, async () =>
        {
            var submitted = await tenant.TryAsync(
                tenant.Jobs.SubmitVideoAsync(request, cancellationToken: tenant.Cancellation));
            await Task.Delay(CancelAfter, TimeProvider.System, tenant.Cancellation);
            if (submitted is not null)
            {
                var cancel = new CancelJobRequest { JobId = submitted.Job.JobId };
                await tenant.TryAsync(tenant.Jobs.CancelJobAsync(cancel, cancellationToken: tenant.Cancellation));
            }
        });
    }
}

/// <summary>Several jobs at a time of one video, each submitted again when it ends.</summary>
internal abstract class JobsInTurn(string name, AttackVideo video, int jobs, string pipelineId = "detect_only") : Attack
{
    public override string Name => name;

    public override AttackVideo Video => video;

    public override Task RunAsync(HostileTenant tenant)
    {
        var request = tenant.SubmitRequest(pipelineId);
        return tenant.RepeatAsync(jobs, () => tenant.RunJobAsync(request));
    }
}

/// <summary>A file of a few KB whose decoder keeps 16 reference frames of 8192x8192.</summary>
internal sealed class SmallFileLargeMemory()
    : JobsInTurn("small-file-large-memory", AttackVideo.ManyReferences, jobs: 4);

/// <summary>A file of a few KB whose sample table names 4.9 million frames.</summary>
internal sealed class EndlessTable() : JobsInTurn("endless-table", AttackVideo.EndlessTable, jobs: 4);

/// <summary>Jobs whose decoders are always killed, as the kernel does when memory runs out.</summary>
internal sealed class PoisonVideo() : JobsInTurn("poison-video", AttackVideo.SecondStream, jobs: 8)
{
    public override Task RunAsync(HostileTenant tenant) =>
        Task.WhenAll(base.RunAsync(tenant), tenant.SignalDecodersAsync("KILL"));
}

/// <summary>Long videos with many results, whose pages other callers read at the same time.</summary>
internal sealed class BigResults : Attack
{
    private const int Jobs = 6;

    public override string Name => "big-results";

    public override AttackVideo Video => AttackVideo.ManyFrames;

    public override Task RunAsync(HostileTenant tenant)
    {
        var request = tenant.SubmitRequest("yolo_ocr");
        return tenant.RepeatAsync(Jobs, async () =>
        {
            var job = (await tenant.TryAsync(
                tenant.Jobs.SubmitVideoAsync(request, cancellationToken: tenant.Cancellation)))?.Job;
            while (job?.Status is JobStatus.Pending or JobStatus.Running)
            {
                var results = new GetJobResultsRequest { JobId = job.JobId, PageBytes = int.MaxValue };
                await tenant.TryAsync(
                    tenant.Jobs.GetJobResultsAsync(results, cancellationToken: tenant.Cancellation));
                var wait = new WaitJobRequest { JobId = job.JobId, Etag = job.Etag };
                job = (await tenant.TryAsync(
                    tenant.Jobs.WaitJobAsync(wait, cancellationToken: tenant.Cancellation)))?.Job;
            }
        });
    }
}
