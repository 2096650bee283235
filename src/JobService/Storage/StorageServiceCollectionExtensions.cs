using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Storage.Migrations;

namespace ForegSyte.Jobs.Storage;

/// <summary>Registers the job store and the storage of artifacts.</summary>
internal static class StorageServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IJobStore"/> and <see cref="IStorage"/>. The first resolution of the store opens and migrates
    /// the database; resolve it before the service accepts calls.
    /// </summary>
    public static IServiceCollection AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddCheckedOptions<DatabaseOptions>(DatabaseOptions.Section)
            .PostConfigure(options =>
                options.Path = OrDefault(options.Path, configuration, DatabaseOptions.DefaultFileName))
            .Validate(options => Path.IsPathFullyQualified(options.Path), "Database:Path must be an absolute path.");
        services.AddCheckedOptions<StorageOptions>(StorageOptions.Section)
            .PostConfigure(options =>
                options.Root = OrDefault(options.Root, configuration, StorageOptions.DefaultFolderName))
            .Validate(options => Path.IsPathFullyQualified(options.Root), "Storage:Root must be an absolute path.");

        services.AddMetrics();
        return services
            .AddSingleton<JobMetrics>()
            .AddSingleton(MigrationList.OfThisVersion)
            .AddSingleton<DataFolders>()
            .AddSingleton<DuckDbDatabase>()
            .AddSingleton<DatabaseTakeover>()
            .AddSingleton<DatabaseMigrator>()
            .AddSingleton<JobCache>()
            .AddSingleton<DuckDbReaders>()
            .AddSingleton<JobDataLoader>()
            .AddSingleton<DuckDbWriter>()
            .AddSingleton<IJobStore>(provider =>
            {
                provider.GetRequiredService<DatabaseMigrator>().MigrateUp();
                return ActivatorUtilities.CreateInstance<DuckDbJobStore>(provider);
            })
            .AddSingleton<ILeadership, SoleLeadership>()
            .AddSingleton<IStorage, LocalStorage>()
            .AddSingleton<ISegmentStore, FileSegmentStore>();
    }

    private static string OrDefault(string path, IConfiguration configuration, string name) =>
        path.Length > 0 || configuration[DataDirectory.Key] is not { Length: > 0 } folder
            ? path
            : Path.Combine(folder, name);
}
