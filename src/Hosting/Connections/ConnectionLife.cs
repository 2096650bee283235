using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Connections;

/// <summary>
/// From the moment a connection is accepted to its end: it takes its place, and past its age it is told to take no new
/// calls. Kestrel knows no age.
/// </summary>
internal sealed class ConnectionLife(
    ConnectionTable table, IOptions<ConnectionOptions> options, TimeProvider time, Random random)
{
    /// <summary>How far the age of a connection is from the option, so that not all are renewed at once.</summary>
    private const double Jitter = 0.1;

    /// <summary>Runs a connection.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (table.Admit(connection) is not { } tracked)
        {
            connection.Abort(new ConnectionAbortedException("Every connection has a call under way."));
            return;
        }

        connection.Features.Set(tracked);
        await using var age = StartAge(tracked);
        try
        {
            await next(connection);
        }
        finally
        {
            table.Remove(tracked);
        }
    }

    private ITimer? StartAge(TrackedConnection connection)
    {
        if (options.Value.MaxAge == TimeSpan.Zero)
        {
            return null;
        }

        var isDrained = false;
        ITimer? timer = null;
        timer = time.CreateTimer(_ => Grow(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(options.Value.MaxAge * (1 + (Jitter * ((2 * random.NextDouble()) - 1))), Timeout.InfiniteTimeSpan);
        return timer;

        void Grow()
        {
            if (isDrained)
            {
                connection.Abort("The connection is past its age and the grace of its calls is over.");
                return;
            }

            isDrained = true;
            connection.Drain();
            timer!.Change(options.Value.AgeGrace, Timeout.InfiniteTimeSpan);
        }
    }
}
