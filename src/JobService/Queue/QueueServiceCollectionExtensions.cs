using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>Registers the tracker of jobs, the queue, the dispatcher and the rescuer.</summary>
internal static class QueueServiceCollectionExtensions
{
    public static void AddDispatcher(this IServiceCollection services)
    {
        services.AddDispatchSection<DispatchOptions>(DispatchOptions.Section);
        services.AddDispatchSection<SegmentOptions>(SegmentOptions.Section);
        services.AddDispatchSection<LeaseOptions>(LeaseOptions.Section)
            .Validate(
                options => options.HeartbeatInterval * 2 <= options.LeaseDuration,
                "Dispatch:HeartbeatInterval must be at most half of Dispatch:LeaseDuration.");
        services.AddCheckedOptions<RetryOptions>(RetryOptions.Section)
            .Validate(
                options => options.FirstDelay <= options.MaxDelay,
                "Retry:FirstDelay must be at most Retry:MaxDelay.");
        services.AddCheckedOptions<FrameLossOptions>(FrameLossOptions.Section);
        services.AddCheckedOptions<QueueOptions>(QueueOptions.Section);
        services.AddSingleton<JobTracker>();
        services.AddQueueClaims();
        services.AddSingleton<LocalAttempts>();
        services.AddSingleton<InferenceAvailability>();
        services.AddSingleton<StorageAccess>();
        services.AddSingleton<WaitReasons>();
#pragma warning disable RS0030 // The only use: Random.Shared is thread-safe, a new Random is not.
        services.AddSingleton(Random.Shared);
#pragma warning restore RS0030
        services.AddSingleton<SegmentRuns>();
        services.AddSingleton<SegmentPlaces>();
        services.AddSingleton<SuspectGate>();
        services.AddSingleton<SegmentCalls>();
        services.AddSingleton<SegmentScheduler>();
        services.AddSingleton<ResultReuse>();
        services.AddSingleton<ResultsWriter>();
        services.AddSingleton<JobExecution>();
        services.AddSingleton<JobRunner>();
        services.AddHostedService<JobMetering>();
        services.AddSingleton<Drain>();
        services.AddSingleton<Dispatcher>();
        services.AddHostedService(provider => provider.GetRequiredService<Dispatcher>());
        services.AddHostedService<StopAfterDrain>();
        services.AddSingleton<JobRescuer>();
        services.AddHostedService(provider => provider.GetRequiredService<JobRescuer>());
    }

    /// <summary>Adds the claims over the queue of this process.</summary>
    private static void AddQueueClaims(this IServiceCollection services)
    {
        services.AddSingleton<IJobQueue, InMemoryQueue>();
        services.AddSingleton<PendingJobs>();
        services.AddSingleton<JobRecovery>();
        services.AddSingleton<QueueClaims>();
        services.AddSingleton<IJobClaims>(provider => provider.GetRequiredService<QueueClaims>());
    }

    /// <summary>Binds one of the options classes that share the section "Dispatch".</summary>
    private static OptionsBuilder<TOptions> AddDispatchSection<TOptions>(
        this IServiceCollection services, string section)
        where TOptions : class
    {
        Type[] all = [typeof(DispatchOptions), typeof(SegmentOptions), typeof(LeaseOptions)];
        return services.AddCheckedOptions<TOptions>(
            section,
            [.. all.Except([typeof(TOptions)]).SelectMany(type => type.GetProperties()).Select(key => key.Name)]);
    }
}
