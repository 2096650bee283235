using System.Globalization;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// A database whose write-ahead log cannot be replayed is set aside whole, under a dated name. Its last jobs are in
/// that
/// log, so nothing is deleted, and no start makes an empty database in its place: a supervisor that starts the service
/// again and again would hide the loss.
/// </summary>
internal static class DamagedDatabase
{
    private const string Mark = ".damaged-";
    private const string LogSuffix = ".wal";

    /// <summary>Sets the database and its log aside; returns what to tell the operator.</summary>
    public static DatabaseException SetAside(string path, DateTimeOffset now, Exception cause)
    {
        // The database first: where a crash comes in between, it is missing, and not opened without its log.
        var aside = MoveAside(path, Mark, now);
        return new DatabaseException(
            $"The write-ahead log of {path} is damaged and cannot be replayed. Database and log were set aside as "
            + $"{aside} and {aside}{LogSuffix}; keep both, they hold the latest jobs. {Advice(path)} DuckDB says: "
            + cause.Message,
            cause);
    }

    /// <summary>Moves a database and its log to a dated name beside it, and returns that name.</summary>
    public static string MoveAside(string path, string mark, DateTimeOffset now)
    {
        var aside = path + mark + now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        File.Move(path, aside);
        if (File.Exists(path + LogSuffix))
        {
            File.Move(path + LogSuffix, aside + LogSuffix);
        }

        DurableFolder.Flush(Path.GetDirectoryName(path)!);
        return aside;
    }

    /// <summary>Refuses to make a new database where a damaged one was set aside.</summary>
    /// <exception cref="DatabaseException">There is one, and no database.</exception>
    public static void RequireNone(string path)
    {
        if (File.Exists(path))
        {
            return;
        }

        var aside = Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + Mark + "*")
            .Where(file => !file.EndsWith(LogSuffix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .LastOrDefault();
        if (aside is not null)
        {
            throw new DatabaseException(
                $"There is no database {path}, and a damaged one was set aside as {aside}. {Advice(path)}");
        }
    }

    private static string Advice(string path) =>
        "The service does not start with an empty database by itself. Run 'JobService restore --from DIR' with a "
        + "backup, or 'JobService rebuild' to make the jobs anew from the files in the storage folder, and start "
        + $"again. To begin with an empty database, move the damaged files out of {Path.GetDirectoryName(path)}.";
}
