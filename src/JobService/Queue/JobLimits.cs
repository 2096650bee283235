using System.Globalization;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>The limits on the work of one job. Pure.</summary>
internal static class JobLimits
{
    /// <summary>
    /// How long a claimed job may still run: its attempts since it was submitted, or last retried, count together.
    /// </summary>
    public static TimeSpan TimeLeft(JobRecord job, TenantOptions limits)
    {
        var used = job.Attempts.Skip(job.ForgivenAttempts)
            .Where(attempt => attempt.EndedAt is not null)
            .Aggregate(TimeSpan.Zero, (sum, attempt) => sum + (attempt.EndedAt!.Value - attempt.StartedAt));
        return used < limits.MaxRunTime ? limits.MaxRunTime - used : TimeSpan.Zero;
    }

    /// <summary>The failure of a job whose time is used up.</summary>
    public static JobFailure RunsTooLong(TenantOptions limits) => Exceeded(
        nameof(TenantOptions.MaxRunTime), limits.MaxRunTime.ToString("c", CultureInfo.InvariantCulture),
        "The job runs for longer than");

    /// <summary>The failure of a job with too many frames to analyze; null if they are within the limit.</summary>
    public static JobFailure? CheckFrames(int frames, TenantOptions limits) =>
        limits.MaxFrames > 0 && frames > limits.MaxFrames
            ? Exceeded(
                nameof(TenantOptions.MaxFrames), string.Create(CultureInfo.InvariantCulture, $"{limits.MaxFrames}"),
                string.Create(CultureInfo.InvariantCulture, $"The job has {frames} frames to analyze, more than"))
            : null;

    private static JobFailure Exceeded(string option, string limit, string what)
    {
        var name = $"{TenantOptions.Section}:{option}";
        return new JobFailure(
            ErrorReason.VideoLimitExceeded,
            $"{what} {limit}, the limit of its tenant (option {name}). Submit it with a larger frame_stride or with "
            + "max_frames, split the video, or ask the operator for a larger limit.",
            new Dictionary<string, string> { ["option"] = name, ["limit"] = limit });
    }
}
