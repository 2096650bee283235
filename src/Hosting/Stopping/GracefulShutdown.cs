using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Stopping;

/// <summary>
/// The phases of a stop. From <see cref="Stopping"/> on, the service accepts no new work and ends long polls. Running
/// work has <see cref="StopOptions.GraceTime"/> to finish; then <see cref="GraceOver"/> cancels it.
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

    /// <summary>Cancelled when the stop begins.</summary>
    public CancellationToken Stopping => _lifetime.ApplicationStopping;

    /// <summary>Cancelled when the grace time of running work ends.</summary>
    public CancellationToken GraceOver { get; }

    /// <summary>Whether the stop has begun.</summary>
    public bool IsStopping => Stopping.IsCancellationRequested;

    /// <summary>The error of a call that is refused or ended because of the stop.</summary>
    public static ServiceException ToException() =>
        new(ErrorReason.ShuttingDown, "The service is stopping. Retry on another instance, or later.")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    /// <summary>Refuses new work after the stop has begun.</summary>
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

/// <summary>Time limits of a stop. Section "Stop".</summary>
public sealed class StopOptions
{
    public const string Section = "Stop";

    /// <value>How long running calls may continue after the stop begins; then they are cancelled.</value>
    [TimeRange("00:00:00", "01:00:00")]
    [Limit(
        "", "Time for running calls to end after a stop begins; then they are cancelled.",
        Reason = ErrorReason.ShuttingDown)]
    public TimeSpan GraceTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <value>
    /// How long cancelled calls may take to end after <see cref="GraceTime"/>; then their connections are closed.
    /// </value>
    [TimeRange("00:00:00.1000000", "00:05:00")]
    [Limit("", "Time for cancelled calls to end after the grace time; then their connections are closed.")]
    public TimeSpan CancelTime { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>Registers <see cref="GracefulShutdown"/> and extends the host's shutdown timeout accordingly.</summary>
internal static class StoppingServiceCollectionExtensions
{
    public static void AddGracefulShutdown(this IServiceCollection services)
    {
        services.AddCheckedOptions<StopOptions>(StopOptions.Section);
        services.AddSingleton<GracefulShutdown>();
        services.AddOptions<HostOptions>().Configure<IOptions<StopOptions>>(
            (host, stop) => host.ShutdownTimeout = stop.Value.GraceTime + stop.Value.CancelTime);
    }
}
