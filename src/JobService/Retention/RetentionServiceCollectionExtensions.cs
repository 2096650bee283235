using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Jobs.Retention;

/// <summary>Adds what removes jobs; to be added after the dispatcher, which recovers them first.</summary>
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
