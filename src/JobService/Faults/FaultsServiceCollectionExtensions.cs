using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Jobs.Faults;

/// <summary>Registers the crash points of the fault tests.</summary>
internal static class FaultsServiceCollectionExtensions
{
    public static void AddFaults(this IServiceCollection services)
    {
        services.AddCheckedOptions<FaultOptions>(FaultOptions.Section);
        services.AddSingleton<CrashPoints>();
    }
}
