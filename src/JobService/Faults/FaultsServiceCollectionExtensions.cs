using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Jobs.Faults;

/// <summary>Adds the points at which the fault suite ends the process.</summary>
internal static class FaultsServiceCollectionExtensions
{
    public static void AddFaults(this IServiceCollection services)
    {
        services.AddCheckedOptions<FaultOptions>(FaultOptions.Section);
        services.AddSingleton<CrashPoints>();
    }
}
