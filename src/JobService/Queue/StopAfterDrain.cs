namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Puts the drain between the order to stop and the closing of connections: while running jobs use their grace time,
/// calls are answered as ever, so that callers notice the moment between two processes and nothing before it.
/// </summary>
internal sealed class StopAfterDrain(Drain drain, Dispatcher dispatcher, IHostApplicationLifetime lifetime)
    : IHostedLifecycleService
{
    /// <inheritdoc />
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // Where the host was not stopped by a signal, this is the first that is told, and the grace time begins here.
        lifetime.StopApplication();
        drain.BeginStop();
        if (dispatcher.ExecuteTask is { } dispatching)
        {
            await dispatching.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        drain.Close();
    }

    /// <inheritdoc />
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
