using ForegSyte.Hosting;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Admin;

/// <summary>What the commands work with, made by the settings of the service.</summary>
internal sealed class AdminTools(WebApplication app) : IDisposable
{
    /// <summary>Where the database is and how it is opened.</summary>
    public IOptions<DatabaseOptions> Database { get; } = app.Services.GetRequiredService<IOptions<DatabaseOptions>>();

    /// <summary>The artifacts.</summary>
    public IStorage Storage { get; } = app.Services.GetRequiredService<IStorage>();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; } = app.Services.GetRequiredService<TimeProvider>();

    /// <summary>The pipelines that a job may ask for.</summary>
    /// <exception cref="AdminException">They cannot be read.</exception>
    public PipelineDirectory Pipelines
    {
        get
        {
            try
            {
                return app.Services.GetRequiredService<PipelineDirectory>();
            }
            catch (InvalidOperationException failure)
            {
                throw new AdminException(failure.Message);
            }
        }
    }

    /// <summary>Reads the settings as the service does. Nothing is opened yet.</summary>
    public static AdminTools Open(string[] settings)
    {
        var builder = WebApplication.CreateBuilder(settings);
        builder.AddForegSyteHost("JobService", defaultPort: 0, Contract.Descriptor);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter((_, level) => level >= LogLevel.Warning);
        builder.Services.AddStorage(builder.Configuration);
        builder.Services.AddInferenceClient();
        return new AdminTools(builder.Build());
    }

    /// <summary>The migrations of this version, over an open database.</summary>
    public DatabaseMigrator MigratorOf(DuckDbDatabase database) =>
        new(database, MigrationList.OfThisVersion, app.Services.GetRequiredService<ILoggerFactory>());

    /// <inheritdoc />
    public void Dispose() => ((IDisposable)app).Dispose();
}
