using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc.Diagnosis;

/// <summary>Says why a job is where it is, and what changes that. Pure.</summary>
internal static class JobExplanation
{
    /// <summary>The explanation, one or more sentences.</summary>
    /// <param name="job">The job as callers see it.</param>
    /// <param name="counts">Its segments.</param>
    /// <param name="state">What else goes on.</param>
    /// <param name="now">The time.</param>
    public static string Of(Job job, SegmentCounts counts, DispatchState state, DateTimeOffset now) => job.Status switch
    {
        JobStatus.Pending => OfWait(job, state, now),
        JobStatus.Running => OfRun(job, counts, state, now),
        JobStatus.Completed => Text($"The job is completed: {job.Progress.FramesDone} frames in {Attempts(job)}."),
        JobStatus.Failed => OfFailure(job),
        _ => "A caller cancelled the job. RetryJob runs it again, after what is finished of it.",
    };

    private static string OfWait(Job job, DispatchState state, DateTimeOffset now) => job.Wait?.Reason switch
    {
        WaitReason.Draining =>
            "The server is being drained and begins no jobs: this one begins after its next start. Nothing is lost.",
        WaitReason.BackOff => OfBackOff(job, now),
        WaitReason.NoInferenceService => Text(
            $"None of {state.KnownInstances} InferenceServices serves (option Inference:Addresses). The job is number ")
            + Text($"{job.Wait.QueuePosition} in the queue and begins when one does; waiting costs it no attempt."),
        _ => OfQueue(job, state),
    };

    private static string OfQueue(Job job, DispatchState state)
    {
        var places = Text($"{state.RunningJobs} of {state.MaxRunningJobs} places for running jobs are taken");
        var ahead = (job.Wait?.QueuePosition ?? 1) - 1;
        var order = ahead > 0
            ? Text($" and {ahead} jobs come before it, by priority and time")
            : " and it is the next";
        return $"{places} (option Dispatch:MaxConcurrentJobs){order}. It begins when its turn comes.";
    }

    private static string OfBackOff(Job job, DateTimeOffset now)
    {
        var failed = job.Attempts.LastOrDefault();
        var next = job.Wait.NextAttemptAt?.ToDateTimeOffset();
        var left = next is { } due && due > now ? Text($"in {(due - now).TotalSeconds:0.#} s") : "at any moment";
        return Text($"Attempt {failed?.Number} failed with {failed?.ErrorReason}, which may pass: ")
            + $"{failed?.ErrorMessage} The next attempt begins {left}.";
    }

    private static string OfRun(Job job, SegmentCounts counts, DispatchState state, DateTimeOffset now)
    {
        var since = now - job.Attempts[^1].StartedAt.ToDateTimeOffset();
        var text = Text($"Attempt {job.Attempts[^1].Number} runs for {since.TotalSeconds:0.#} s. ");
        if (counts.Planned == 0)
        {
            return text + "Its video is being probed.";
        }

        text += Text($"{counts.Finished} of {counts.Planned} segments are finished, {counts.Running} are under way; ")
            + Text($"{job.Progress.FramesDone} of {job.Progress.FramesTotal} frames are done.");
        return state.ServingInstances > 0
            ? text
            : text + " No InferenceService serves now: what is under way is lost unless one comes back.";
    }

    private static string OfFailure(Job job)
    {
        var reason = ErrorReasons.Parse(job.ErrorInfo?.Reason ?? "");
        var advice = reason == ErrorReason.Unspecified ? "" : $" {ErrorReasonTable.Of(reason).WhatToDo}";
        var last = job.Attempts.LastOrDefault();
        var why = last is { Retryable: true }
            ? Text($"It may pass, but all attempts were used up ({Attempts(job)}; option Retry:MaxAttempts).")
            : "Another attempt would end in the same way.";
        return $"The job failed with {job.ErrorInfo?.Reason}: {job.ErrorMessage} {why}{advice}";
    }

    private static string Attempts(Job job) =>
        job.Attempts.Count == 1 ? "1 attempt" : Text($"{job.Attempts.Count} attempts");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
