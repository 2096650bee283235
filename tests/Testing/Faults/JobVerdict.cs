using System.Text.RegularExpressions;
using ForegSyte.V1;
using Grpc.Core;
using Xunit;

namespace ForegSyte.Testing.Faults;

/// <summary>
/// Checks the jobs after faults: every acknowledged job ends once, with the results of a run without faults, and no
/// other job exists.
/// </summary>
public static partial class JobVerdict
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits for the jobs and checks them. The service must run without faults by now.</summary>
    /// <param name="service">The service.</param>
    /// <param name="expected">What its callers were told.</param>
    /// <param name="baselineOf">Results and summary of a request in a run without faults.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public static async Task<JobCounts> RunAsync(
        IJobServiceAccess service,
        ExpectedJobs expected,
        Func<JobRequest, (byte[] Results, JobSummary Summary)> baselineOf,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(baselineOf);
        await RepeatUnansweredAsync(service, expected, cancellationToken);
        await WaitForAllJobsAsync(service, cancellationToken);
        var counts = new JobCounts();
        foreach (var entry in expected.Jobs)
        {
            await CheckAsync(service, entry, baselineOf, counts, cancellationToken);
        }

        await CheckNoOtherJobAsync(service, expected, cancellationToken);
        return counts;
    }

    /// <summary>Repeats submissions without an answer: the same request id must give one job.</summary>
    private static async Task RepeatUnansweredAsync(
        IJobServiceAccess service, ExpectedJobs expected, CancellationToken cancellationToken)
    {
        foreach (var (requestId, request) in expected.Unanswered)
        {
            var call = request.ToCall(requestId);
            var first = await service.Client.SubmitVideoAsync(call, cancellationToken: cancellationToken);
            var second = await service.Client.SubmitVideoAsync(call, cancellationToken: cancellationToken);
            Assert.Equal(first.Job.JobId, second.Job.JobId);
            expected.Acknowledged(requestId, first.Job.JobId);
        }
    }

    /// <summary>
    /// Waits until all jobs are terminal. The limit is for the progress of any job, so that it does not depend on the
    /// number of jobs or the speed of the machine.
    /// </summary>
    private static async Task WaitForAllJobsAsync(IJobServiceAccess service, CancellationToken cancellationToken)
    {
        var seen = "";
        var stuckAt = TimeProvider.System.GetUtcNow() + Wait.Timeout;
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
                (seen, stuckAt) = (now, TimeProvider.System.GetUtcNow() + Wait.Timeout);
            }
            else if (TimeProvider.System.GetUtcNow() > stuckAt)
            {
                throw new TimeoutException(
                    $"{waiting.Count} jobs make no progress, the first is {waiting[0]}. Output of the service:\n"
                    + service.Output);
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    private static async Task CheckAsync(
        IJobServiceAccess service,
        ExpectedJob entry,
        Func<JobRequest, (byte[] Results, JobSummary Summary)> baselineOf,
        JobCounts counts,
        CancellationToken cancellationToken)
    {
        Job job;
        try
        {
            job = await service.WaitForEndAsync(entry.JobId, cancellationToken);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            Assert.True(entry.MayBeDeleted, $"The acknowledged job {entry.JobId} is lost.");
            counts.Deleted++;
            return;
        }

        Assert.False(entry.IsDeleted, $"Job {entry.JobId} was deleted but exists: {job}");
        Assert.True(
            job.Status switch
            {
                JobStatus.Completed => entry.MayComplete,
                JobStatus.Cancelled => entry.MayBeCancelled,
                _ => false,
            },
            $"Job {entry.JobId} must not end as {job}. Output of the service:\n{service.Output}");
        var ends = EndLine().Matches(service.Output).Count(match => match.Groups["job"].Value == entry.JobId);
        Assert.True(
            ends <= entry.MaxEnds,
            $"Job {entry.JobId} completed {ends} times in the log: {job}\n"
            + string.Join(
                '\n',
                service.Output.Split('\n').Where(line => line.Contains(entry.JobId, StringComparison.Ordinal))));
        if (job.Status == JobStatus.Cancelled)
        {
            counts.Cancelled++;
            return;
        }

        counts.Completed++;
        counts.Attempts += job.Attempts.Count;
        counts.Resumed += job.Attempts.Any(attempt => attempt.FramesResumed > 0) ? 1 : 0;
        Assert.Single(job.Attempts, attempt => attempt.Error is null);
        Assert.Null(job.Attempts[^1].Error);
        var (results, summary) = baselineOf(entry.Request);
        Assert.Equal(results, await service.ReadResultsAsync(job, cancellationToken));
        Assert.Equal(summary, job.Summary);
        Assert.Equal(entry.Request.MaxFrames, job.Summary.Frames.Analyzed);
        Assert.Equal(
            job.Video.FrameCount,
            job.Summary.Frames.Analyzed + job.Summary.Frames.Skipped + job.Summary.Frames.Failed);
    }

    private static async Task CheckNoOtherJobAsync(
        IJobServiceAccess service, ExpectedJobs expected, CancellationToken cancellationToken)
    {
        var listed = await service.ListAsync(cancellationToken);
        var known = expected.Jobs.ToDictionary(entry => entry.JobId);
        Assert.All(listed, job => Assert.Contains(job.JobId, known));
        Assert.Equal(listed.Count, listed.Select(job => job.JobId).Distinct().Count());
        Assert.All(
            expected.Jobs.Where(entry => !entry.MayBeDeleted),
            entry => Assert.Contains(listed, job => job.JobId == entry.JobId));
    }

    /// <summary>A refused call names the status of the job too, but not at the end of its line.</summary>
    [GeneratedRegex(@"Job (?<job>[0-9a-f-]{36}) is COMPLETED$", RegexOptions.Multiline)]
    private static partial Regex EndLine();
}

/// <summary>Number of jobs by outcome.</summary>
public sealed class JobCounts
{
    /// <summary>Completed with the results of a run without faults.</summary>
    public int Completed { get; set; }

    /// <summary>Cancelled by a caller.</summary>
    public int Cancelled { get; set; }

    /// <summary>Deleted by a caller.</summary>
    public int Deleted { get; set; }

    /// <summary>Attempts of the completed jobs.</summary>
    public int Attempts { get; set; }

    /// <summary>Completed jobs that reused segments of an earlier attempt.</summary>
    public int Resumed { get; set; }
}
