using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Limits;
using ForegSyte.Jobs.Grpc.Diagnosis;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Adds what the RPCs are made of.</summary>
internal static class GrpcServiceCollectionExtensions
{
    public static void AddJobRpcs(this IServiceCollection services)
    {
        services.AddCheckedOptions<WaitOptions>(WaitOptions.Section);
        services.AddFixedLimits(typeof(RequestLimits));
        services.AddSingleton<JobView>();
        services.AddSingleton<JobWaiter>();
        services.AddSingleton<ServerDrain>();
        services.AddSingleton<JobDiagnoser>();
        services.AddSingleton<JobPages>();
        services.AddSingleton<SegmentPages>();
        services.AddSingleton<ResultPages>();
        services.AddSingleton<JobGrpcService>();
        services.AddSingleton<UploadGrpcService>();
    }
}
