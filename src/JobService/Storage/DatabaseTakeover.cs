using ForegSyte.Hosting.Starting;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Opens the database before anything else of the service is made, and waits for the process that has it. So the
/// database is also closed after everything else: whoever opens it next finds nobody at work on the files beside it.
/// </summary>
internal sealed class DatabaseTakeover(
    IServiceProvider services, Takeover takeover, IOptions<DatabaseOptions> options)
{
    /// <summary>Returns when the database is this process's own.</summary>
    /// <exception cref="DatabaseException">It cannot be opened, or another process has it for too long.</exception>
    public Task RunAsync() => takeover.RunAsync(TryOpen, options.Value.LockTimeout);

    private DatabaseInUseException? TryOpen()
    {
        try
        {
            // A singleton that could not be made is made anew when it is asked for again.
            services.GetRequiredService<DuckDbDatabase>();
            return null;
        }
        catch (DatabaseInUseException inUse)
        {
            return inUse;
        }
    }
}
