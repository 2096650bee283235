using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Jobs.Queue;

/// <summary>Adds the queue, the dispatcher, which begins where the run before ended, and the rescuer.</summary>
internal static class QueueServiceCollectionExtensions
{
    public static void AddDispatcher(this IServiceCollection services)
    {
        services.AddCheckedOptions<DispatchOptions>(DispatchOptions.Section)
            .Validate(
                options => options.HeartbeatInterval * 2 <= options.LeaseDuration,
                "Dispatch:HeartbeatInterval has to be at most half of Dispatch:LeaseDuration.");
        services.AddCheckedOptions<RetryOptions>(RetryOptions.Section)
            .Validate(
                options => options.FirstDelay <= options.MaxDelay,
                "Retry:FirstDelay has to be at most Retry:MaxDelay.");
        services.AddCheckedOptions<QueueOptions>(QueueOptions.Section);
        services.AddSingleton<IJobQueue, InMemoryQueue>();
        services.AddSingleton<PendingJobs>();
        services.AddSingleton<TenantJobs>();
        services.AddSingleton<LocalAttempts>();
        services.AddSingleton<InferenceAvailability>();
        services.AddSingleton<WaitReasons>();
#pragma warning disable RS0030 // The one place that takes it: safe for many threads, as a Random of one's own is not.
        services.AddSingleton(Random.Shared);
#pragma warning restore RS0030
        services.AddSingleton<SegmentRuns>();
        services.AddSingleton<SegmentScheduler>();
        services.AddSingleton<JobExecution>();
        services.AddSingleton<JobRunner>();
        services.AddSingleton<JobRecovery>();
        services.AddHostedService<JobMetering>();
        services.AddSingleton<Drain>();
        services.AddSingleton<Dispatcher>();
        services.AddHostedService(provider => provider.GetRequiredService<Dispatcher>());
        services.AddHostedService<StopAfterDrain>();
        services.AddSingleton<JobRescuer>();
        services.AddHostedService(provider => provider.GetRequiredService<JobRescuer>());
    }
}
