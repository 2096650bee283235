using System.Globalization;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client;

/// <content>Calls for operators.</content>
public partial class ForegSyteClient
{
    /// <summary>Reads the server's version, its limits, and whether it starts jobs.</summary>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">The server could not be reached.</exception>
    public virtual async Task<ServerInfo> GetServerInfoAsync(
        ForegSyteCallOptions? callOptions = null, CancellationToken cancellationToken = default)
    {
        var response = await CallsWith(callOptions).RunAsync(
            _options.ReadDeadline,
            call => _service.GetServerInfoAsync(new GetServerInfoRequest(), call),
            cancellationToken);
        return response.ServerInfo;
    }

    /// <summary>
    /// Explains the state of a job: why it waits, what is running for it and where, why it failed.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, or the server could not be reached.
    /// </exception>
    public virtual async Task<JobDiagnosis> DiagnoseJobAsync(
        string jobId, ForegSyteCallOptions? callOptions = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        var request = new DiagnoseJobRequest { JobId = jobId };
        var response = await CallsWith(callOptions).RunAsync(
            _options.ReadDeadline, call => _service.DiagnoseJobAsync(request, call), cancellationToken);
        return response.Diagnosis;
    }

    /// <summary>
    /// Stops the server from starting jobs, before a restart or for maintenance. It still answers calls and accepts
    /// jobs, which run after <see cref="UndrainServerAsync"/> or the next start. A second call replaces the timeout.
    /// Needs the permission admin.
    /// </summary>
    /// <remarks>
    /// Not retried: if the response was lost because the server stopped, a retry would drain its successor.
    /// </remarks>
    /// <param name="timeout">
    /// Time that running jobs may continue before the server returns them to the queue, 0 to 24 hours; null means the
    /// server's default.
    /// </param>
    /// <param name="exitWhenDrained">
    /// Whether the server exits when no job is running. Only <see cref="UndrainServerAsync"/> takes this back.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call, not the drain.</param>
    /// <returns>The progress of the drain.</returns>
    /// <exception cref="ForegSyteException">
    /// INVALID_FIELD (timeout over 24 hours), PERMISSION_DENIED, or the server could not be reached.
    /// </exception>
    public virtual async Task<DrainStatus> DrainServerAsync(
        TimeSpan? timeout = null,
        bool exitWhenDrained = false,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        var request = new DrainServerRequest { Timeout = timeout?.ToDuration(), ExitWhenDrained = exitWhenDrained };
        var calls = CallsWith(callOptions);
        var response = await calls.OnceAsync(
            calls.DeadlineAfter(_options.ControlDeadline),
            call => _service.DrainServerAsync(request, call),
            cancellationToken);
        return response.Drain;
    }

    /// <summary>
    /// Ends the drain of the server: waiting jobs start at once, and running jobs go on. Does nothing if the server is
    /// not draining. Needs the permission admin.
    /// </summary>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The state of the server.</returns>
    /// <exception cref="ForegSyteException">
    /// SHUTTING_DOWN (the server is stopping), PERMISSION_DENIED, or the server could not be reached.
    /// </exception>
    public virtual async Task<DrainStatus> UndrainServerAsync(
        ForegSyteCallOptions? callOptions = null, CancellationToken cancellationToken = default)
    {
        // Not retried: a retry after a lost response could end a later drain of somebody else.
        var calls = CallsWith(callOptions);
        var response = await calls.OnceAsync(
            calls.DeadlineAfter(_options.ControlDeadline),
            call => _service.UndrainServerAsync(new UndrainServerRequest(), call),
            cancellationToken);
        return response.Drain;
    }

    /// <summary>
    /// Begins a backup of the server while it runs, or reads the progress of the one with the id. The backup does not
    /// depend on the call. Needs the permission admin.
    /// </summary>
    /// <param name="backupId">
    /// Id of the backup, and name of its folder on the server; null means the time of the call, such as
    /// "20261130T131500Z".
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call, not the backup.</param>
    /// <exception cref="ForegSyteException">
    /// INVALID_FIELD, TOO_MANY_CALLS (another backup is running), UNIMPLEMENTED (the server does not keep its jobs in
    /// files), PERMISSION_DENIED, or the server could not be reached.
    /// </exception>
    public virtual async Task<Backup> CreateBackupAsync(
        string? backupId = null,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        // With an id a retry finds the backup that a lost response began.
        var request = new CreateBackupRequest
        {
            BackupId = backupId ?? _options.TimeProvider.GetUtcNow().ToString(
                "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture),
        };
        var response = await CallsWith(callOptions).RunAsync(
            _options.ControlDeadline, call => _service.CreateBackupAsync(request, call), cancellationToken);
        return response.Backup;
    }
}
