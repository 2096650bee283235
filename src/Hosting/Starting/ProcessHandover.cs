using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Listening;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Starting;

/// <summary>
/// Waits for the previous process of the same service to release an exclusive resource, and meanwhile binds the
/// listening sockets as they become free.
/// </summary>
public sealed class ProcessHandover
{
    /// <summary>Interval between attempts, and so the shortest gap that callers can notice.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(50);

    private readonly PreboundListeners _listeners;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal ProcessHandover(PreboundListeners listeners, TimeProvider time, ILogger<ProcessHandover> logger) =>
        (_listeners, _time, _logger) = (listeners, time, logger);

    /// <summary>Retries until the resource is acquired.</summary>
    /// <param name="tryAcquire">
    /// One attempt: returns null on success, or why the resource is still in use; throws for a permanent failure.
    /// </param>
    /// <param name="timeout">How long to retry; zero tries once.</param>
    /// <exception cref="Exception">The failure of the last attempt.</exception>
    public async Task AcquireAsync(Func<Exception?> tryAcquire, TimeSpan timeout)
    {
        var start = _time.GetTimestamp();
        var isWaiting = false;
        while (tryAcquire() is { } failure)
        {
            if (_time.GetElapsedTime(start) >= timeout)
            {
                throw failure;
            }

            if (!isWaiting)
            {
                _logger.LogInformation(
                    "Waiting up to {Timeout} for the previous process: {Reason}", timeout, failure.Message);
                isWaiting = true;
            }

            _listeners.BindAvailable();
            await Task.Delay(RetryInterval, _time);
        }

        if (isWaiting)
        {
            _logger.LogInformation("The previous process has ended after {Elapsed}", _time.GetElapsedTime(start));
        }
    }
}

/// <summary>Registers <see cref="ProcessHandover"/> and <see cref="ServiceStart"/>.</summary>
internal static class StartingServiceCollectionExtensions
{
    public static void AddServiceStart(this IServiceCollection services)
    {
        services.AddSingleton(provider => new ProcessHandover(
            provider.GetRequiredService<PreboundListeners>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ProcessHandover>>()));
        services.AddSingleton(provider => new ServiceStart(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<EffectiveSettings>()));
    }
}
