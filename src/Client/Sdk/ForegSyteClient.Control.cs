using ForegSyte.V1;

namespace ForegSyte.Client;

/// <content>Cancels, retries and deletes jobs.</content>
public sealed partial class ForegSyteClient
{
    /// <summary>
    /// Cancels a pending or running job, or returns a job that is already cancelled. The job keeps its finished
    /// segments, and <see cref="RetryJobAsync"/> continues after them.
    /// </summary>
    /// <remarks>Retried while the server is UNAVAILABLE; cancelling is idempotent.</remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be cancelled anyway.</param>
    /// <returns>The cancelled job.</returns>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, WRONG_JOB_STATUS (completed or failed), STORAGE_FULL, or the server could not be
    /// reached.
    /// </exception>
    public async Task<Job> CancelJobAsync(string jobId, CancellationToken cancellationToken = default)
    {
        var request = new CancelJobRequest { JobId = jobId };
        var response = await _calls.RunAsync(
            _options.ControlDeadline, call => _service.CancelJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>
    /// Queues a failed or cancelled job again; it continues after its last finished segment. Returns a job that is
    /// already pending or running.
    /// </summary>
    /// <remarks>
    /// Retried while the server is UNAVAILABLE. If a response was lost and the job ended before the retry, the retry
    /// throws WRONG_JOB_STATUS for a completed job and queues a job that failed again.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be queued anyway.</param>
    /// <returns>The job, pending or running.</returns>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, WRONG_JOB_STATUS (completed), VIDEO_GONE, QUEUE_FULL, STORAGE_FULL, or the server
    /// could not be reached.
    /// </exception>
    public async Task<Job> RetryJobAsync(string jobId, CancellationToken cancellationToken = default)
    {
        var request = new RetryJobRequest { JobId = jobId };
        var response = await _calls.RunAsync(
            _options.ControlDeadline, call => _service.RetryJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>Permanently deletes a terminal job with its video and its results.</summary>
    /// <remarks>
    /// Retried while the server is UNAVAILABLE. JOB_NOT_FOUND on a retry counts as success, because the lost response
    /// of an earlier attempt may have reported the deletion. On the first attempt it is thrown: the id is wrong.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be deleted anyway.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, WRONG_JOB_STATUS (pending or running: cancel it first), STORAGE_FULL, or the
    /// server could not be reached.
    /// </exception>
    public async Task DeleteJobAsync(string jobId, CancellationToken cancellationToken = default)
    {
        var request = new DeleteJobRequest { JobId = jobId };
        var attempts = 0;
        try
        {
            await _calls.RunAsync(
                _options.ControlDeadline,
                call =>
                {
                    attempts++;
                    return _service.DeleteJobAsync(request, call);
                },
                cancellationToken);
        }
        catch (ForegSyteException failure) when (failure.Reason == ErrorReason.JobNotFound && attempts > 1)
        {
            // An attempt whose response was lost, or another caller, has deleted the job.
        }
    }
}
