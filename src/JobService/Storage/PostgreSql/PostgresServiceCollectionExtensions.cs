using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Web.Sessions;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>Registers the job store in PostgreSQL.</summary>
internal static class PostgresServiceCollectionExtensions
{
    /// <summary>
    /// Adds the options, and the store with its claims if the setting Store chooses it; call it after the dispatcher,
    /// whose claims it replaces. The first resolution of the store checks and migrates the database; resolve it before
    /// the service accepts calls.
    /// </summary>
    public static IServiceCollection AddPostgreSql(this IServiceCollection services, IConfiguration configuration)
    {
        var isChosen = JobStoreKinds.Of(configuration) == JobStoreKind.PostgreSql;
        services.AddCheckedOptions<PostgresOptions>(PostgresOptions.Section)
            .Validate(
                options => !isChosen || options.ConnectionString.Length > 0,
                "PostgreSql:ConnectionString is required with Store=PostgreSql, for example "
                + "Host=db;Database=foregsyte;Username=foregsyte.")
            .Validate(
                options => options.PasswordFile.Length == 0 || Path.IsPathFullyQualified(options.PasswordFile),
                "PostgreSql:PasswordFile must be an absolute path.");
        return isChosen ? services.AddStore() : services;
    }

    private static IServiceCollection AddStore(this IServiceCollection services) => services
        .AddSingleton<PostgresDatabase>()
        .AddSingleton<StoreClock>()
        .AddSingleton<PostgresCommitter>()
        .AddSingleton<PostgresWriter>()
        .AddSingleton<PostgresListener>()
        .AddSingleton<ILeadership>(provider => provider.GetRequiredService<PostgresListener>())
        .AddHostedService(provider => provider.GetRequiredService<PostgresListener>())
        .AddHostedService<WriterUpkeep>()
        .AddSingleton<IJobStore>(provider =>
        {
            var database = provider.GetRequiredService<PostgresDatabase>();
            provider.GetRequiredService<StoreClock>().Set(database.RequireUsable());
            new DatabaseMigrator(
                database, MigrationList.OfPostgreSql, provider.GetRequiredService<ILoggerFactory>()).MigrateUp();
            database.RequireKnownStatuses();
            return ActivatorUtilities.CreateInstance<PostgresJobStore>(provider);
        })
        .AddSingleton<ISegmentStore, PostgresSegmentStore>()
        .AddSingleton<ISearchStore, PostgresSearchStore>()
        .AddSingleton<IWebhookOutbox, PostgresWebhookOutbox>()
        .AddSingleton<ISharedCookieKeys>(provider => new PostgresCookieKeys(
            provider.GetRequiredService<PostgresDatabase>(),
            new Lazy<IJobStore>(provider.GetRequiredService<IJobStore>)))
        .AddSingleton<IJobClaims, PostgresClaims>();
}
