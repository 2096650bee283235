using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Storage;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Backups;

/// <summary>Registers the backups of the running service.</summary>
internal static class BackupsServiceCollectionExtensions
{
    public static void AddBackups(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddCheckedOptions<BackupOptions>(BackupOptions.Section)
            .PostConfigure(options => options.Directory =
                options.Directory.Length > 0 || configuration[DataDirectory.Key] is not { Length: > 0 } data
                    ? options.Directory
                    : Path.Combine(data, BackupOptions.DefaultFolderName))
            .Validate(
                options => Path.IsPathFullyQualified(options.Directory), "Backup:Directory must be an absolute path.");
        services.AddSingleton<BackupFolder>();
        services.AddSingleton(provider => new BackupRunner(
            provider.GetService<DuckDbReaders>(),
            provider.GetRequiredService<IStorage>(),
            provider.GetRequiredService<DeletionHold>(),
            provider.GetRequiredService<IOptions<BackupOptions>>(),
            provider.GetRequiredService<GracefulShutdown>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<BackupRunner>>()));
    }
}
