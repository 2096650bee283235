using DuckDB.NET.Data;
using ForegSyte.Jobs.Storage;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Admin;

/// <summary>The place where the service looks for its database.</summary>
internal static class DatabasePlace
{
    private const string ReplacedMark = ".replaced-";

    /// <summary>Makes sure that no process has the database that is there.</summary>
    /// <exception cref="DatabaseException">A service has it.</exception>
    public static void RequireFree(IOptions<DatabaseOptions> options, string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        // Read only, so that a damaged one stays as it is; whether it can be read does not matter here.
        using var connection = new DuckDBConnection($"DataSource={options.Value.Path};ACCESS_MODE=READ_ONLY");
        try
        {
            connection.Open();
        }
        catch (DuckDBException failure) when (DatabaseFailures.IsLocked(failure))
        {
            throw DatabaseFailures.OfOpening(path, failure);
        }
        catch (DuckDBException)
        {
            // It is set aside as it is.
        }
    }

    /// <summary>Puts a file in the place; returns the name under which what was there is kept now.</summary>
    public static string? Take(string path, string arriving, DateTimeOffset now)
    {
        using (var file = new FileStream(arriving, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Flush(flushToDisk: true);
        }

        var aside = File.Exists(path) ? DamagedDatabase.MoveAside(path, ReplacedMark, now) : null;
        File.Move(arriving, path);
        DurableFolder.Flush(Path.GetDirectoryName(path)!);
        return aside;
    }
}
