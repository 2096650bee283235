namespace ForegSyte.Jobs;

/// <summary>Adds what knows about jobs.</summary>
internal static class JobsRegistration
{
    public static void AddJobs(this IServiceCollection services) => services.AddSingleton<JobBoard>();
}
