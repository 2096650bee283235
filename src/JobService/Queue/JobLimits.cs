using System.Globalization;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>The limits on the work of one job. Pure.</summary>
internal static class JobLimits
{
    /// <summary>Maximum run time of a tenant that has no own one.</summary>
    private static readonly TimeSpan DefaultRunTime = TimeSpan.FromDays(1);

    /// <summary>
    /// How long a claimed job may still run: its attempts since it was submitted, or last retried, count together.
    /// Infinite without a limit.
    /// </summary>
    public static TimeSpan TimeLeft(JobRecord job, TenantOptions limits)
    {
        if (MaxRunTime(job, limits) is not { } limit)
        {
            return Timeout.InfiniteTimeSpan;
        }

        var used = job.Attempts.Skip(job.ForgivenAttempts)
            .Where(attempt => attempt.EndedAt is not null)
            .Aggregate(TimeSpan.Zero, (sum, attempt) => sum + (attempt.EndedAt!.Value - attempt.StartedAt));
        return used < limit ? limit - used : TimeSpan.Zero;
    }

    /// <summary>The failure of a job whose time is used up.</summary>
    public static JobFailure RunsTooLong(JobRecord job, TenantOptions limits) => Exceeded(
        limits.NameOf(nameof(TenantOptions.MaxRunTime)),
        MaxRunTime(job, limits) is { } limit ? DurationText.Format(limit) : "",
        "The job runs for longer than",
        "Its finished segments stay stored, and RetryJob continues it after them with the whole time again. Or submit "
        + "it with a larger frame_stride or with max_frames, or ask the operator for a larger limit.");

    /// <summary>The failure of a job with too many frames to analyze; null if they are within the limit.</summary>
    public static JobFailure? CheckFrames(int frames, TenantOptions limits) =>
        limits.MaxFrames > 0 && frames > limits.MaxFrames
            ? Exceeded(
                limits.NameOf(nameof(TenantOptions.MaxFrames)),
                string.Create(CultureInfo.InvariantCulture, $"{limits.MaxFrames}"),
                $"The job has {PluralText.Of(frames, "frame")} to analyze, more than",
                "Submit it with a larger frame_stride or with max_frames, split the video, or ask the operator for a "
                + "larger limit.")
            : null;

    /// <summary>Without authentication the only tenant has no limit unless the operator sets one.</summary>
    private static TimeSpan? MaxRunTime(JobRecord job, TenantOptions limits) =>
        limits.MaxRunTime > TimeSpan.Zero ? limits.MaxRunTime : job.Tenant.Length > 0 ? DefaultRunTime : null;

    private static JobFailure Exceeded(string option, string limit, string what, string whatToDo) => new(
        ErrorReason.VideoLimitExceeded,
        $"{what} {limit}, the limit of its tenant (option {option}). {whatToDo}",
        new Dictionary<string, string> { ["option"] = option, ["limit"] = limit });
}
