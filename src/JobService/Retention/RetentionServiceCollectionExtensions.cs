using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Jobs.Retention;

/// <summary>Registers the deletion of jobs. Call it after AddDispatcher, which recovers jobs first.</summary>
internal static class RetentionServiceCollectionExtensions
{
    public static void AddRetention(this IServiceCollection services)
    {
        services.AddCheckedOptions<RetentionOptions>(RetentionOptions.Section);
        services.AddSingleton<JobRemoval>();
        services.AddSingleton<SegmentSweep>();
        services.AddSingleton<StorageSweep>();
        services.AddSingleton<JobCleaner>();
        services.AddHostedService(provider => provider.GetRequiredService<JobCleaner>());
    }
}
