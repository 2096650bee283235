using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client;

/// <content>What operators ask of a server.</content>
public sealed partial class ForegSyteClient
{
    /// <summary>Tells what the server is: its version, the limits in force, whether it begins jobs.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ForegSyteException">The server was not reached.</exception>
    public async Task<JobServiceGetServerInfoResponse> GetServerInfoAsync(
        CancellationToken cancellationToken = default) =>
        await _calls.RunAsync(
            _options.ReadDeadline,
            call => _service.GetServerInfoAsync(new JobServiceGetServerInfoRequest(), call),
            cancellationToken);

    /// <summary>
    /// Tells all that is known of one job, in words too: why it waits, what runs for it and where, why it failed.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ForegSyteException">JOB_NOT_FOUND, INVALID_FIELD, or the server was not reached.</exception>
    public async Task<JobDiagnosis> DiagnoseJobAsync(string jobId, CancellationToken cancellationToken = default)
    {
        var request = new DiagnoseJobRequest { JobId = jobId };
        var response = await _calls.RunAsync(
            _options.ReadDeadline, call => _service.DiagnoseJobAsync(request, call), cancellationToken);
        return response.Diagnosis;
    }

    /// <summary>
    /// Has the server begin no more jobs, before a restart or for maintenance. It answers calls and accepts jobs
    /// meanwhile, which the next start runs. Only a start ends a drain; calling again gives it another timeout. Needs
    /// the permission admin.
    /// </summary>
    /// <remarks>
    /// Not repeated: where the answer was lost because the server stopped, a repetition would drain the one after it.
    /// </remarks>
    /// <param name="timeout">
    /// How long running jobs may go on before they are handed back; null means the server's grace time.
    /// </param>
    /// <param name="stop">Whether the server stops when no job runs any more.</param>
    /// <param name="cancellationToken">Ends the call, not the drain.</param>
    /// <returns>How far the drain is.</returns>
    /// <exception cref="ForegSyteException">
    /// INVALID_FIELD (more than 24 hours), PERMISSION_DENIED, or the server was not reached.
    /// </exception>
    public async Task<DrainStatus> DrainServerAsync(
        TimeSpan? timeout = null, bool stop = false, CancellationToken cancellationToken = default)
    {
        var request = new DrainServerRequest { Timeout = timeout?.ToDuration(), Stop = stop };
        var deadline = _options.TimeProvider.GetUtcNow() + _options.ControlDeadline;
        var response = await _calls.OnceAsync(
            deadline, call => _service.DrainServerAsync(request, call), cancellationToken);
        return response.Drain;
    }
}
