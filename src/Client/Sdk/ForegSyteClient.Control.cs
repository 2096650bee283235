using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ForegSyte.Client;

/// <content>Changes, cancels, retries and deletes jobs.</content>
public partial class ForegSyteClient
{
    /// <summary>Changes the display name, the tags or the priority of a job.</summary>
    /// <remarks>
    /// Retried while the server is UNAVAILABLE. If the response of an attempt with an etag was lost, the retry throws
    /// ETAG_MISMATCH, because the first attempt has changed the job: read it again.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="update">New values; at least one.</param>
    /// <param name="etag">
    /// Etag of the job as you know it: if the job has changed since, the call throws ETAG_MISMATCH. Empty means any.
    /// The etag of a running job changes with its progress.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be changed anyway.</param>
    /// <returns>The changed job.</returns>
    /// <exception cref="ArgumentException">The update has no new value.</exception>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, ETAG_MISMATCH, WRONG_JOB_STATUS (the priority of a job that has ended),
    /// STORAGE_FULL, or the server could not be reached.
    /// </exception>
    public virtual async Task<Job> UpdateJobAsync(
        string jobId,
        JobUpdate update,
        string etag = "",
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        ArgumentNullException.ThrowIfNull(update);
        ArgumentNullException.ThrowIfNull(etag);
        var request = new UpdateJobRequest
        {
            Job = new Job { JobId = jobId, Etag = etag },
            UpdateMask = new FieldMask(),
        };
        if (update.DisplayName is { } name)
        {
            request.Job.DisplayName = name;
            request.UpdateMask.Paths.Add("display_name");
        }

        if (update.Tags is { } tags)
        {
            request.Job.Tags.Add(tags.ToDictionary());
            request.UpdateMask.Paths.Add("tags");
        }

        if (update.Priority is { } priority)
        {
            request.Job.Priority = priority;
            request.UpdateMask.Paths.Add("priority");
        }

        if (request.UpdateMask.Paths.Count == 0)
        {
            // An empty mask would mean "the fields that have a value".
            throw new ArgumentException(
                $"Set {nameof(update.DisplayName)}, {nameof(update.Tags)} or {nameof(update.Priority)}.",
                nameof(update));
        }

        var response = await CallsWith(callOptions).RunAsync(
            _options.ControlDeadline, call => _service.UpdateJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>
    /// Cancels a pending or running job, or returns a job that is already cancelled. The job keeps its finished
    /// segments, and <see cref="RetryJobAsync"/> continues after them.
    /// </summary>
    /// <remarks>
    /// Retried while the server is UNAVAILABLE; cancelling is idempotent. If the response of an attempt with an etag
    /// was lost, the retry throws ETAG_MISMATCH, because the first attempt has changed the job: read it again.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="etag">
    /// Etag of the job as you know it: if the job has changed since, the call throws ETAG_MISMATCH. Empty means any.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be cancelled anyway.</param>
    /// <returns>The cancelled job.</returns>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, WRONG_JOB_STATUS (completed or failed), ETAG_MISMATCH, STORAGE_FULL, or the server
    /// could not be reached.
    /// </exception>
    public virtual async Task<Job> CancelJobAsync(
        string jobId,
        string etag = "",
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        ArgumentNullException.ThrowIfNull(etag);
        var request = new CancelJobRequest { JobId = jobId, Etag = etag };
        var response = await CallsWith(callOptions).RunAsync(
            _options.ControlDeadline, call => _service.CancelJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>
    /// Queues a failed or cancelled job again; it continues after its last finished segment. Returns a job that is
    /// already pending or running.
    /// </summary>
    /// <remarks>
    /// Retried while the server is UNAVAILABLE. If a response was lost and the job ended before the retry, the retry
    /// throws WRONG_JOB_STATUS for a completed job and queues a job that failed again. With an etag, it throws
    /// ETAG_MISMATCH.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="etag">
    /// Etag of the job as you know it: if the job has changed since, the call throws ETAG_MISMATCH. Empty means any.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be queued anyway.</param>
    /// <returns>The job, pending or running.</returns>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, WRONG_JOB_STATUS (completed), VIDEO_GONE, ETAG_MISMATCH, QUEUE_FULL, STORAGE_FULL,
    /// or the server could not be reached.
    /// </exception>
    public virtual async Task<Job> RetryJobAsync(
        string jobId,
        string etag = "",
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        ArgumentNullException.ThrowIfNull(etag);
        var request = new RetryJobRequest { JobId = jobId, Etag = etag };
        var response = await CallsWith(callOptions).RunAsync(
            _options.ControlDeadline, call => _service.RetryJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>Permanently deletes a terminal job with its video and its results.</summary>
    /// <remarks>
    /// Retried while the server is UNAVAILABLE. JOB_NOT_FOUND on a retry counts as success, because the lost response
    /// of an earlier attempt may have reported the deletion. On the first attempt it is thrown: the id is wrong.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="etag">
    /// Etag of the job as you know it: if the job has changed since, the call throws ETAG_MISMATCH. Empty means any.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be deleted anyway.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, WRONG_JOB_STATUS (pending or running: cancel it first), ETAG_MISMATCH,
    /// STORAGE_FULL, or the server could not be reached.
    /// </exception>
    public virtual Task DeleteJobAsync(
        string jobId,
        string etag = "",
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        ArgumentNullException.ThrowIfNull(etag);
        var request = new DeleteJobRequest { JobId = jobId, Etag = etag };
        return RemoveAsync(
            call => _service.DeleteJobAsync(request, call), ErrorReason.JobNotFound, callOptions, cancellationToken);
    }

    /// <summary>Removes something; the reason "not found" on a retry counts as success.</summary>
    private async Task RemoveAsync<TResponse>(
        Func<CallOptions, AsyncUnaryCall<TResponse>> remove,
        ErrorReason notFound,
        ForegSyteCallOptions? callOptions,
        CancellationToken cancellationToken)
    {
        var attempts = 0;
        try
        {
            await CallsWith(callOptions).RunAsync(
                _options.ControlDeadline,
                call =>
                {
                    attempts++;
                    return remove(call);
                },
                cancellationToken);
        }
        catch (ForegSyteException failure) when (failure.Reason == notFound && attempts > 1)
        {
            // An attempt whose response was lost, or another caller, has removed it.
        }
    }
}
