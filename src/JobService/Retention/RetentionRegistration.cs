namespace ForegSyte.Jobs.Retention;

/// <summary>Adds what removes jobs.</summary>
internal static class RetentionRegistration
{
    public static void AddRetention(this IServiceCollection services)
    {
        services.AddSingleton<JobRemoval>();
    }
}
