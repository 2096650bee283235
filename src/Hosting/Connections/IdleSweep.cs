using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Connections;

/// <summary>
/// Closes connections that are idle for twice their time. Kestrel ends idle ones itself, and politely; but one that it
/// ends for a flood of streams now and then waits for a stream that is gone, and would stay open for ever.
/// </summary>
internal sealed class IdleSweep(ConnectionTable table, IOptions<ConnectionOptions> options, TimeProvider time)
    : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.IdleTimeout / 2, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            table.AbortIdle(2 * options.Value.IdleTimeout);
        }
    }
}
