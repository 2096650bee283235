using System.Globalization;
using ForegSyte.CommandLine.Running;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Output;

/// <summary>Why a job does not run yet, in words.</summary>
internal static class WaitText
{
    /// <summary>
    /// For example "3rd in the queue", "next attempt in 12 s" or "no InferenceService serves"; empty where the job does
    /// not wait, or for a reason that this version does not know.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="now">The time here; it is taken for the server's.</param>
    public static string Of(Job job, DateTimeOffset now) => job.Wait?.Reason switch
    {
        WaitReason.Queued => PlaceOf(job.Wait),
        WaitReason.BackOff => NextAttempt(job.Wait, now),
        WaitReason.NoInferenceService when job.Wait.QueuePosition > 0 =>
            $"no InferenceService serves, {PlaceOf(job.Wait)}",
        WaitReason.NoInferenceService => "no InferenceService serves",
        WaitReason.Draining => "the server is being drained, runs after its next start",
        _ => "",
    };

    private static string PlaceOf(JobWait wait) =>
        wait.QueuePosition > 0 ? $"{OrdinalText.Of(wait.QueuePosition)} in the queue" : "in the queue";

    private static string NextAttempt(JobWait wait, DateTimeOffset now)
    {
        if (wait.NextAttemptAt is null)
        {
            return "another attempt follows";
        }

        var left = wait.NextAttemptAt.ToDateTimeOffset() - now;
        return left > TimeSpan.Zero
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"next attempt in {DurationText.Format(TimeSpan.FromSeconds(Math.Ceiling(left.TotalSeconds)))}")
            : "next attempt at any moment";
    }
}
