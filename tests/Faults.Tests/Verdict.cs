using System.Text.RegularExpressions;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// Holds a service, after its faults, to what its callers were told: every acknowledged job ends, once, with the
/// results of an undisturbed run; no other job exists; nothing is left over.
/// </summary>
internal static partial class Verdict
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Waits for the jobs and checks everything. The service runs without faults, and is stopped by this.
    /// </summary>
    public static async Task<Tally> ReachAsync(
        FaultyJobService service, Ledger ledger, Undisturbed undisturbed, CancellationToken cancellationToken)
    {
        await RepeatUnansweredAsync(service, ledger, cancellationToken);
        await DrainAsync(service, cancellationToken);
        var tally = new Tally();
        foreach (var entry in ledger.Jobs)
        {
            await CheckAsync(service, entry, undisturbed, tally, cancellationToken);
        }

        await CheckNoOtherJobAsync(service, ledger, cancellationToken);
        await CheckStorageAsync(service, cancellationToken);
        Assert.Equal(0, await service.Process.StopAsync());
        Assert.Empty(Directory.GetFiles(service.Data, "*.wal"));
        return tally;
    }

    /// <summary>A caller without an answer asks again with the same request id, and gets one job.</summary>
    private static async Task RepeatUnansweredAsync(
        FaultyJobService service, Ledger ledger, CancellationToken cancellationToken)
    {
        foreach (var (requestId, request) in ledger.Unanswered)
        {
            var call = request.Call(FaultyJobService.VideoUri, requestId);
            var first = await service.Client.SubmitVideoAsync(call, cancellationToken: cancellationToken);
            var second = await service.Client.SubmitVideoAsync(call, cancellationToken: cancellationToken);
            Assert.Equal(first.Job.JobId, second.Job.JobId);
            ledger.Acknowledged(requestId, first.Job.JobId);
        }
    }

    /// <summary>
    /// Waits until no job is on its way any more. However many there are and however slow the machine is, one has to
    /// get on within <see cref="Patience"/>.
    /// </summary>
    private static async Task DrainAsync(FaultyJobService service, CancellationToken cancellationToken)
    {
        var seen = "";
        var stuckAt = TimeProvider.System.GetUtcNow() + Patience;
        while (true)
        {
            var waiting = (await service.ListAsync(cancellationToken))
                .Where(job => job.Status is JobStatus.Pending or JobStatus.Running)
                .ToList();
            if (waiting.Count == 0)
            {
                return;
            }

            var now = string.Join(' ', waiting.Select(job => job.Etag));
            if (now != seen)
            {
                (seen, stuckAt) = (now, TimeProvider.System.GetUtcNow() + Patience);
            }
            else if (TimeProvider.System.GetUtcNow() > stuckAt)
            {
                throw new TimeoutException(
                    $"{waiting.Count} jobs do not get on, the first is {waiting[0]}. The service printed:\n"
                    + service.Output);
            }

            await Task.Delay(LookInterval, cancellationToken);
        }
    }

    private static async Task CheckAsync(
        FaultyJobService service, Ledger.Entry entry, Undisturbed undisturbed, Tally tally,
        CancellationToken cancellationToken)
    {
        Job job;
        try
        {
            job = await service.WaitForEndAsync(entry.JobId, cancellationToken);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            Assert.True(entry.MayBeGone, $"The acknowledged job {entry.JobId} is lost.");
            tally.Gone++;
            return;
        }

        Assert.False(entry.IsGone, $"Job {entry.JobId} was deleted and is there: {job}");
        Assert.True(
            job.Status switch
            {
                JobStatus.Completed => entry.MayComplete,
                JobStatus.Cancelled => entry.MayBeCancelled,
                _ => false,
            },
            $"Job {entry.JobId} has no right to end as {job}.\n{service.Output}");
        var ends = EndLine().Matches(service.Output).Count(match => match.Groups["job"].Value == entry.JobId);
        Assert.True(ends <= entry.MostEnds, $"Job {entry.JobId} completed {ends} times.");
        if (job.Status == JobStatus.Cancelled)
        {
            tally.Cancelled++;
            return;
        }

        tally.Completed++;
        tally.Attempts += job.Attempts.Count;
        tally.Resumed += job.Attempts.Any(attempt => attempt.FramesResumed > 0) ? 1 : 0;
        Assert.Single(job.Attempts, attempt => attempt.ErrorReason.Length == 0);
        Assert.Equal("", job.Attempts[^1].ErrorReason);
        var (results, summary) = undisturbed.Of(entry.Request);
        Assert.Equal(
            results, await File.ReadAllBytesAsync(Path.Combine(service.Storage, job.OutputPath), cancellationToken));
        Assert.Equal(summary, job.Summary);
        Assert.Equal(entry.Request.MaxFrames, job.Summary.Frames.Analyzed);
        Assert.Equal(
            job.Video.FrameCount,
            job.Summary.Frames.Analyzed + job.Summary.Frames.Skipped + job.Summary.Frames.Failed);
    }

    private static async Task CheckNoOtherJobAsync(
        FaultyJobService service, Ledger ledger, CancellationToken cancellationToken)
    {
        var listed = await service.ListAsync(cancellationToken);
        var known = ledger.Jobs.ToDictionary(entry => entry.JobId);
        Assert.All(listed, job => Assert.Contains(job.JobId, known));
        Assert.Equal(listed.Count, listed.Select(job => job.JobId).Distinct().Count());
        Assert.All(
            ledger.Jobs.Where(entry => !entry.MayBeGone),
            entry => Assert.Contains(listed, job => job.JobId == entry.JobId));
    }

    /// <summary>
    /// The storage has the artifacts of the jobs and no more. The sweep works in the background, so it gets a bounded
    /// time.
    /// </summary>
    private static async Task CheckStorageAsync(FaultyJobService service, CancellationToken cancellationToken)
    {
        var jobs = await service.ListAsync(cancellationToken);
        var expected = jobs.SelectMany(ArtifactsOf).Order().ToList();

        // A cancelled job keeps for RetryJob what was finished.
        var kept = jobs.Where(job => job.Status == JobStatus.Cancelled).Select(job => job.JobId + "_").ToList();
        for (var look = 0; look < 100 && !Found().SequenceEqual(expected); look++)
        {
            await Task.Delay(100, cancellationToken);
        }

        Assert.Equal(expected, Found());

        List<string> Found() =>
            [.. Directory.GetFiles(service.Storage).Select(path => Path.GetFileName(path)!)
                .Where(name => name != ".generation")
                .Where(name => !kept.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                .Order()];
    }

    private static IEnumerable<string> ArtifactsOf(Job job) => job.Status == JobStatus.Completed
        ? [job.InputPath, job.OutputPath, job.JobId + "_job.json"]
        : [job.InputPath];

    [GeneratedRegex(@"Job (?<job>[0-9a-f-]{36}) is Completed")]
    private static partial Regex EndLine();
}
