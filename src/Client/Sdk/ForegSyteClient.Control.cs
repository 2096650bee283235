using ForegSyte.V1;

namespace ForegSyte.Client;

/// <content>How jobs are cancelled, run again and removed.</content>
public sealed partial class ForegSyteClient
{
    /// <summary>
    /// Ends a pending or running job; a job that is cancelled already is returned as it is. Its finished segments stay,
    /// so that <see cref="RetryJobAsync"/> can go on after them.
    /// </summary>
    /// <remarks>Repeated while the server is UNAVAILABLE: a job is cancelled once, however often it is asked.</remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="cancellationToken">Ends the call; the job may be cancelled all the same.</param>
    /// <returns>The job, cancelled.</returns>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, WRONG_JOB_STATUS (it is completed or failed), STORAGE_FULL, or the server was not
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
    /// Puts a failed or cancelled job back to the queue; it goes on after its last finished segment. A job that is
    /// pending or running already is returned as it is.
    /// </summary>
    /// <remarks>
    /// Repeated while the server is UNAVAILABLE. Where an answer was lost and the job ended before the repetition, that
    /// one finds a job that has ended: a completed one gives WRONG_JOB_STATUS, one that failed again is retried again.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="cancellationToken">Ends the call; the job may be queued all the same.</param>
    /// <returns>The job, pending or running.</returns>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, WRONG_JOB_STATUS (it is completed), VIDEO_GONE, QUEUE_FULL, STORAGE_FULL, or the
    /// server was not reached.
    /// </exception>
    public async Task<Job> RetryJobAsync(string jobId, CancellationToken cancellationToken = default)
    {
        var request = new RetryJobRequest { JobId = jobId };
        var response = await _calls.RunAsync(
            _options.ControlDeadline, call => _service.RetryJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>Removes a job that has ended, with its video and its results. There is no way back.</summary>
    /// <remarks>
    /// Repeated while the server is UNAVAILABLE. A repetition that is answered with JOB_NOT_FOUND counts as success:
    /// the attempt before it may have removed the job with its answer lost, and there is no such job either way. The
    /// same answer to the first attempt is thrown, since it tells of a wrong id.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="cancellationToken">Ends the call; the job may be removed all the same.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, WRONG_JOB_STATUS (it is pending or running: cancel it first), STORAGE_FULL, or the
    /// server was not reached.
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
            // Removed, by an attempt whose answer was lost or by someone else.
        }
    }
}
