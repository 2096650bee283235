using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Limits;
using ForegSyte.Hosting.Security;
using ForegSyte.Jobs.Frames;
using ForegSyte.Jobs.Tracks;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Registers the gRPC services and what only they use.</summary>
internal static class GrpcServiceCollectionExtensions
{
    public static void AddJobRpcs(this IServiceCollection services)
    {
        services.AddCheckedOptions<WaitOptions>(WaitOptions.Section);
        services.AddFixedLimits(typeof(RequestLimits));
        services.AddRpcRules(JobServiceRpcRules.All);
        services.AddSingleton<JobMessages>();
        services.AddSingleton<JobWaiter>();
        services.AddSingleton<ServerDrain>();
        services.AddSingleton<JobDiagnoser>();
        services.AddSingleton<JobPages>();
        services.AddSingleton<NodePages>();
        services.AddSingleton<TenantUsagePages>();
        services.AddSingleton<ServerBackups>();
        services.AddSingleton<ResultPages>();
        services.AddSingleton<SearchPages>();
        services.AddLiveTracks();
        services.AddSingleton<TrackPages>();
        services.AddSingleton<VideoDownloads>();
        services.AddFrames();
        services.AddSingleton<JobFrames>();
        services.AddSingleton<JobExports>();
        services.AddSingleton<JobCopies>();
        services.AddSingleton<IJobTracks, StoredTracks>();
        services.AddSingleton<UploadForwarding>();
        services.AddGrpc()
            .AddServiceOptions<JobGrpcService>(service => service.Interceptors.Add<UploadForwarding>())
            .AddServiceOptions<UploadGrpcService>(service => service.Interceptors.Add<UploadForwarding>());
        services.AddSingleton<JobGrpcService>();
        services.AddSingleton<UploadGrpcService>();
        services.AddSingleton<SearchGrpcService>();
    }
}
