namespace ForegSyte.Jobs;

/// <summary>Adds what knows about jobs.</summary>
internal static class JobsServiceCollectionExtensions
{
    public static void AddJobs(this IServiceCollection services) => services.AddSingleton<JobTracker>();
}
