using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Explains in words why a job has its status and what changes it. Pure.</summary>
internal static class JobExplanation
{
    /// <summary>Returns one or more sentences.</summary>
    /// <param name="job">The job as a message.</param>
    /// <param name="counts">The numbers of its segments.</param>
    /// <param name="state">The state of the dispatcher.</param>
    /// <param name="now">The current time.</param>
    public static string Of(Job job, SegmentCounts counts, DispatchState state, DateTimeOffset now) => job.Status switch
    {
        JobStatus.Pending => OfWait(job, state, now),
        JobStatus.Running => OfRun(job, counts, state, now),
        JobStatus.Completed => Text($"The job is completed: {job.Progress.FramesDone} frames in {Attempts(job)}."),
        JobStatus.Failed => OfFailure(job),
        _ => "A caller cancelled the job. RetryJob continues it after its finished segments.",
    };

    private static string OfWait(Job job, DispatchState state, DateTimeOffset now) => job.Wait?.Reason switch
    {
        WaitReason.Draining =>
            "The server is draining and starts no jobs. This job runs after the server's next start; nothing is lost.",
        WaitReason.BackOff => OfBackOff(job, now),
        WaitReason.NoInferenceService => Text(
            $"None of {state.KnownInstances} InferenceServices serves (option Inference:Addresses). The job is number ")
            + Text($"{job.Wait.QueuePosition} in the queue and begins when one does; waiting costs it no attempt."),
        _ => OfQueue(job, state),
    };

    private static string OfQueue(Job job, DispatchState state)
    {
        var running = Text($"{state.RunningJobs} of at most {state.MaxRunningJobs} jobs are running");
        var ahead = (job.Wait?.QueuePosition ?? 1) - 1;
        var order = ahead > 0
            ? Text($"{ahead} jobs are ahead of this one, by priority and time")
            : "This job is next";
        return $"{running} (option Dispatch:MaxConcurrentJobs). {order}.";
    }

    private static string OfBackOff(Job job, DateTimeOffset now)
    {
        var failed = job.Attempts.LastOrDefault();
        var next = job.Wait.NextAttemptAt?.ToDateTimeOffset();
        var left = next is { } due && due > now ? Text($"in {(due - now).TotalSeconds:0.#} s") : "now";
        return Text($"Attempt {failed?.Number} failed with {failed?.ErrorReason}, which is retryable: ")
            + $"{failed?.ErrorMessage} The next attempt starts {left}.";
    }

    private static string OfRun(Job job, SegmentCounts counts, DispatchState state, DateTimeOffset now)
    {
        var since = now - job.Attempts[^1].StartedAt.ToDateTimeOffset();
        var text = Text($"Attempt {job.Attempts[^1].Number} has been running for {since.TotalSeconds:0.#} s. ");
        if (counts.Planned == 0)
        {
            return text + "It is probing the video.";
        }

        text += Text($"{counts.Finished} of {counts.Planned} segments are finished, {counts.Running} are running; ")
            + Text($"{job.Progress.FramesDone} of {job.Progress.FramesTotal} frames are done.");
        return state.ServingInstances > 0
            ? text
            : text + " No InferenceService is serving: running segments are lost unless one returns.";
    }

    private static string OfFailure(Job job)
    {
        var reason = ErrorReasons.Parse(job.ErrorInfo?.Reason ?? "");
        var advice = reason == ErrorReason.Unspecified ? "" : $" {ErrorReasonTable.Of(reason).WhatToDo}";
        var last = job.Attempts.LastOrDefault();
        var why = last is { Retryable: true }
            ? Text($"The failure is retryable, but no attempt is left ({Attempts(job)}; option Retry:MaxAttempts).")
            : "Another attempt would fail in the same way.";
        return $"The job failed with {job.ErrorInfo?.Reason}: {job.ErrorMessage} {why}{advice}";
    }

    private static string Attempts(Job job) =>
        job.Attempts.Count == 1 ? "1 attempt" : Text($"{job.Attempts.Count} attempts");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
