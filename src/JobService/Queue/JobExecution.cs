using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Results;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The work of an attempt: probe the video, plan its segments, have each worked on, write their results in order.
/// </summary>
internal sealed class JobExecution(
    JobBoard board,
    IStorage storage,
    IInferenceClient inference,
    SegmentWindow segments,
    IOptions<DispatchOptions> options,
    TimeProvider time)
{
    /// <summary>Works on a claimed job until its results are stored.</summary>
    /// <exception cref="InferenceFailedException">A segment, or the probe, failed.</exception>
    public async Task<CompletedWork> RunAsync(JobRecord job, Guid token, CancellationToken cancellationToken)
    {
        var video = storage.UriOf(job.InputPath);
        var probe = await inference.ProbeAsync(video, cancellationToken);
        var frameCount = probe.Video.FrameCount;
        var total = SegmentPlan.AnalyzedFrames(frameCount, job.FrameStride, job.MaxFrames);
        await board.ChangeAsync(
            job.JobId,
            stored => JobTransitions.Plan(
                stored, token, new PlannedWork(probe.Video, total, options.Value.SegmentFrames),
                new SegmentProgress(0, TimeSpan.Zero, TimeSpan.Zero, null), time.GetUtcNow()),
            cancellationToken);

        var plan = SegmentPlan.Create(
            frameCount, probe.KeyFrames, job.FrameStride, job.MaxFrames, options.Value.SegmentFrames);
        var outputPath = ArtifactKeys.Results(job.JobId);
        await using var artifact = storage.Stage(outputPath);
        var tally = new AttemptTally(frameCount, SegmentPlan.EndFrame(frameCount, job.FrameStride, job.MaxFrames));
        var document = new ResultsDocumentWriter(artifact.Stream);
        await foreach (var done in segments.RunAsync(job, video, plan, cancellationToken))
        {
            foreach (var frame in done.Results)
            {
                await document.WriteAsync(frame, cancellationToken);
            }

            tally.Add(done);
            board.Tick(job.JobId, shown => JobTransitions.Advance(shown, token, tally.Progress, time.GetUtcNow()));
        }

        var summary = tally.Finish();
        await document.CompleteAsync(cancellationToken);
        await artifact.CommitAsync(cancellationToken);
        return new CompletedWork(outputPath, summary);
    }
}
