using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Security.RateLimiting;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Uploads;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Cluster;

/// <summary>Registers this process as a node.</summary>
internal static class ClusterServiceCollectionExtensions
{
    /// <summary>
    /// Adds the node, and with a database in PostgreSQL its heartbeat; call it after the uploads and before the
    /// dispatcher, so that a node that is refused runs no job.
    /// </summary>
    public static void AddCluster(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddCheckedOptions<NodeOptions>(NodeOptions.Section, NodeOptions.TlsSubsection)
            .Validate(
                options => options.Address is null || IsAddress(options.Address),
                "Node:Address must be an absolute http or https address without a path, for example "
                + "http://10.0.0.7:5200.")
            .Validate(
                options => options.HeartbeatInterval * 3 <= options.LostAfter,
                "Node:LostAfter must be at least three times Node:HeartbeatInterval.")
            .Validate(
                options => options.LostAfter < options.ForgetAfter, "Node:ForgetAfter must exceed Node:LostAfter.");
        services.AddCheckedOptions<NodeTlsOptions>(NodeOptions.TlsSection)
            .Validate(
                options => string.IsNullOrEmpty(options.KeyFile) || !string.IsNullOrEmpty(options.CertificateFile),
                "Node:Tls:KeyFile requires Node:Tls:CertificateFile.");
        services.AddSingleton<LocalNode>();
        services.AddSingleton<NodeChannels>();
        services.AddSingleton<ICluster, SingleNode>();
        services.AddHostedService<NodeMetering>();
        services.AddOptions<RateShare>().Configure<ICluster>(
            (share, cluster) => share.Nodes = () => cluster.LiveNodes);
        if (JobStoreKinds.Of(configuration) == JobStoreKind.PostgreSql)
        {
            services.AddPostgresCluster();
        }
    }

    /// <summary>Makes this process a node among those that share its database.</summary>
    public static void AddPostgresCluster(this IServiceCollection services)
    {
        services.AddOptions<NodeOptions>().Validate<IOptions<ListenerOptions>>(
            (options, listener) => options.Address is not null || listener.Value.Port is not null,
            "Node:Address is required with Store=PostgreSql if the service has no TCP port (Listen:Port).");

        // Two nodes can have one data directory, by mistake or on a shared file system.
        services.AddOptions<UploadFolder>().Configure<IOptions<NodeOptions>>(
            (folder, node) => folder.Path = Path.Combine(UploadFolder.Default, node.Value.Name));
        services.AddSingleton<UploadFolderLock>();
        services.AddSingleton<PostgresCluster>();
        services.AddSingleton<ICluster>(provider => provider.GetRequiredService<PostgresCluster>());
        services.AddHostedService(provider => provider.GetRequiredService<PostgresCluster>());
        services.AddSingleton<PostgresUploadOwners>();
        services.AddSingleton<IUploadOwners>(provider => provider.GetRequiredService<PostgresUploadOwners>());
        services.AddHostedService(provider => provider.GetRequiredService<PostgresUploadOwners>());
    }

    private static bool IsAddress(Uri address) =>
        address is { IsAbsoluteUri: true, Scheme: "http" or "https", PathAndQuery: "/", Fragment: "", UserInfo: "" };
}
