using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Stopping;

/// <summary>
/// How a service stops: from <see cref="Stopping"/> on it takes no new work and ends what only waits; work that runs
/// has <see cref="StopOptions.GraceTime"/> to finish, then <see cref="GraceOver"/> cancels it.
/// </summary>
public sealed class GracefulShutdown : IDisposable
{
    private readonly CancellationTokenSource _graceOver;
    private readonly CancellationTokenRegistration _whenStopping;
    private readonly IHostApplicationLifetime _lifetime;

    public GracefulShutdown(IHostApplicationLifetime lifetime, IOptions<StopOptions> options, TimeProvider timeProvider)
    {
        _lifetime = lifetime;
        _graceOver = new CancellationTokenSource(Timeout.InfiniteTimeSpan, timeProvider);
        _whenStopping = lifetime.ApplicationStopping.Register(() => _graceOver.CancelAfter(options.Value.GraceTime));
        GraceOver = _graceOver.Token;
    }

    /// <summary>Cancelled when the service was told to stop.</summary>
    public CancellationToken Stopping => _lifetime.ApplicationStopping;

    /// <summary>Cancelled when the time for running work is over.</summary>
    public CancellationToken GraceOver { get; }

    /// <summary>Whether the service was told to stop.</summary>
    public bool IsStopping => Stopping.IsCancellationRequested;

    /// <summary>What a caller is told whose call is not taken, or is ended, because of the stop.</summary>
    public static ServiceException ToException() =>
        new(ErrorReason.ShuttingDown, "The service is stopping. Repeat the call on another instance, or later.")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    /// <summary>Refuses new work while the service stops.</summary>
    /// <exception cref="ServiceException">SHUTTING_DOWN.</exception>
    public void ThrowIfStopping()
    {
        if (IsStopping)
        {
            throw ToException();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _whenStopping.Dispose();
        _graceOver.Dispose();
    }
}
