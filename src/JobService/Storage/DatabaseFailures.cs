using System.Globalization;
using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// The database cannot be used. The message tells the operator what happened, what was left unchanged and what to do.
/// </summary>
internal class DatabaseException(string message, Exception? innerException = null)
    : Exception(message, innerException);

/// <summary>Another process has the database open; a later try may succeed.</summary>
internal sealed class DatabaseInUseException(string message, Exception innerException)
    : DatabaseException(message, innerException);

/// <summary>Classifies DuckDB's errors and words them for operators.</summary>
internal static class DatabaseFailures
{
    // DuckDB 1.5 reports both as a general I/O error; only the texts differ.
    private const string LockText = "Could not set lock";
    private const string WalText = "WAL";

    // The C library's texts for ENOSPC and EDQUOT, and that of Windows.
    private static readonly string[] DiskFullTexts =
        ["No space left on device", "Disk quota exceeded", "not enough space on the disk"];

    /// <summary>Whether a write failed because the disk is full.</summary>
    public static bool IsDiskFull(Exception failure) =>
        failure is DuckDBException
        && DiskFullTexts.Any(text => failure.Message.Contains(text, StringComparison.Ordinal));

    /// <summary>Whether DuckDB refuses further statements until the file is closed and opened again.</summary>
    public static bool IsFatal(Exception failure) => failure is DuckDBException { ErrorType: DuckDBErrorType.Fatal };

    /// <summary>The exception to throw for a failed commit.</summary>
    public static Exception OfWriting(Exception failure) => IsDiskFull(failure) ? DiskFull.Report(failure) : failure;

    /// <summary>Whether the file does not open because its write-ahead log cannot be replayed.</summary>
    public static bool IsDamagedLog(string path, Exception failure) =>
        failure.Message.Contains(WalText, StringComparison.Ordinal)
        && !IsLocked(failure) && !IsDiskFull(failure) && File.Exists(path + ".wal");

    /// <summary>Whether another process has the file open.</summary>
    public static bool IsLocked(Exception failure) => failure.Message.Contains(LockText, StringComparison.Ordinal);

    /// <summary>The exception to throw when the file does not open.</summary>
    public static DatabaseException OfOpening(string path, Exception failure)
    {
        if (IsLocked(failure))
        {
            return new DatabaseInUseException(
                $"Another JobService uses {path}. Only one process can open the database: stop the other one, or let "
                + "this one wait for it (Database:LockTimeout), or choose another DataDirectory. "
                + $"DuckDB says: {failure.Message}", failure);
        }

        return new DatabaseException(
            $"The database {path} cannot be opened. Nothing was changed. Check that the path is right, that this user "
            + $"can read and write the file and its folder, and that the disk is healthy. Cause: {failure.Message}",
            failure);
    }
}

/// <summary>
/// Moves a database with a damaged write-ahead log aside, under a name with the date. The log holds the latest jobs, so
/// nothing is deleted, and no start creates an empty database in its place: restarts by a supervisor would hide the
/// loss.
/// </summary>
internal static class DamagedDatabase
{
    private const string Mark = ".damaged-";
    private const string LogSuffix = ".wal";

    /// <summary>Moves the database and its log aside; returns the exception to throw.</summary>
    public static DatabaseException SetAside(string path, DateTimeOffset now, Exception cause)
    {
        var aside = MoveAside(path, Mark, now);
        return new DatabaseException(
            $"The write-ahead log of {path} is damaged and cannot be replayed. The database and the log were set aside "
            + $"as {aside} and {aside}{LogSuffix}. Keep both: they hold the latest jobs. {Advice(path)} DuckDB says: "
            + cause.Message,
            cause);
    }

    /// <summary>Moves a database and its log to a name with the date in the same folder; returns that name.</summary>
    public static string MoveAside(string path, string mark, DateTimeOffset now)
    {
        // The database first: a crash in between must not leave it where a start would open it without its log.
        var aside = path + mark + now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        File.Move(path, aside);
        if (File.Exists(path + LogSuffix))
        {
            File.Move(path + LogSuffix, aside + LogSuffix);
        }

        DiskSync.SyncFolder(Path.GetDirectoryName(path)!);
        return aside;
    }

    /// <summary>Refuses to create a database where a damaged one was moved aside.</summary>
    /// <exception cref="DatabaseException">There is a damaged database and no other.</exception>
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
                $"The database {path} is missing, and a damaged one was set aside as {aside}. {Advice(path)}");
        }
    }

    private static string Advice(string path) =>
        "The service does not replace it with an empty database. Run 'ForegSyte.JobService restore --from DIR' with a "
        + "backup, or 'ForegSyte.JobService rebuild' to recreate the jobs from the files in the storage folder, and "
        + "start the service again. To start with an empty database, move the damaged files out of "
        + $"{Path.GetDirectoryName(path)}.";
}
