using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage.Migrations;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ForegSyte.Jobs.Storage;

/// <summary>Registers the job store and the storage of artifacts.</summary>
internal static class StorageServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IStorage"/>, and <see cref="IJobStore"/> unless the setting Store chooses another database. The
    /// first resolution of the store opens and migrates the database; resolve it before the service accepts calls.
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

        if (StorageKinds.Of(configuration) == StorageKind.Local)
        {
            services.AddSingleton<IStorage, LocalStorage>();
        }

        services.AddMetrics();
        services
            .AddSingleton<JobMetrics>()
            .AddSingleton<DataFolders>()
            .AddSingleton<DeletionHold>()
            .AddSingleton<ITrackSource, StoredTrackSource>();

        // AddWebhooks replaces it; the commands of the operator send nothing.
        services.TryAddSingleton(WebhookRoutes.Silent);
        return JobStoreKinds.Of(configuration) == JobStoreKind.DuckDb ? services.AddDuckDbStore() : services;
    }

    private static IServiceCollection AddDuckDbStore(this IServiceCollection services) => services
        .AddSingleton<DuckDbDatabase>()
        .AddSingleton<IMigratedDatabase>(provider => provider.GetRequiredService<DuckDbDatabase>())
        .AddSingleton(MigrationList.OfThisVersion)
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
        .AddSingleton<ISegmentStore, FileSegmentStore>()
        .AddSingleton<ISearchStore, DuckDbSearchStore>()
        .AddSingleton<IWebhookOutbox>(provider =>
        {
            // Opens and migrates the database.
            provider.GetRequiredService<IJobStore>();
            return ActivatorUtilities.CreateInstance<DuckDbWebhookOutbox>(provider);
        })
        .AddSingleton<ILeadership, SoleLeadership>();

    private static string OrDefault(string path, IConfiguration configuration, string name) =>
        path.Length > 0 || configuration[DataDirectory.Key] is not { Length: > 0 } folder
            ? path
            : Path.Combine(folder, name);
}

/// <summary>The databases that can hold the jobs.</summary>
internal enum JobStoreKind
{
    /// <summary>A file of this process.</summary>
    DuckDb,

    /// <summary>A server that several JobServices share.</summary>
    PostgreSql,
}

/// <summary>Reads the setting Store.</summary>
internal static class JobStoreKinds
{
    /// <summary>The setting: a value of <see cref="JobStoreKind"/>; DuckDb by default.</summary>
    public const string Key = "Store";

    /// <summary>The database of the settings.</summary>
    /// <exception cref="DatabaseException">The setting has no such value.</exception>
    public static JobStoreKind Of(IConfiguration configuration) => configuration[Key] switch
    {
        null or "" => JobStoreKind.DuckDb,
        var name when Enum.GetNames<JobStoreKind>().Contains(name, StringComparer.OrdinalIgnoreCase) =>
            Enum.Parse<JobStoreKind>(name, ignoreCase: true),
        var name => throw new DatabaseException(
            $"{Key} is '{name}'; it must be one of {string.Join(", ", Enum.GetNames<JobStoreKind>())}."),
    };
}
