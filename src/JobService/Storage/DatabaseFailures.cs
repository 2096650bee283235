using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace ForegSyte.Jobs.Storage;

/// <summary>Tells DuckDB's failures apart, and says them in the words of those who have to act.</summary>
internal static class DatabaseFailures
{
    // DuckDB gives both as a general I/O error; only the texts tell them apart (1.5).
    private const string LockText = "Could not set lock";
    private const string WalText = "WAL";

    // The C library's texts for ENOSPC and EDQUOT, and that of Windows: they are all that tells of the cause.
    private static readonly string[] DiskFullTexts =
        ["No space left on device", "Disk quota exceeded", "not enough space on the disk"];

    /// <summary>Whether a write failed because the disk is full.</summary>
    public static bool IsDiskFull(Exception failure) =>
        failure is DuckDBException
        && DiskFullTexts.Any(text => failure.Message.Contains(text, StringComparison.Ordinal));

    /// <summary>Whether DuckDB has given the open database up.</summary>
    public static bool IsFatal(Exception failure) => failure is DuckDBException { ErrorType: DuckDBErrorType.Fatal };

    /// <summary>The failure to report for what a commit threw.</summary>
    public static Exception OfWriting(Exception failure) => IsDiskFull(failure) ? DiskFull.Report(failure) : failure;

    /// <summary>Whether the database does not open because its write-ahead log cannot be replayed.</summary>
    public static bool IsDamagedLog(string path, Exception failure) =>
        failure.Message.Contains(WalText, StringComparison.Ordinal)
        && !IsLocked(failure) && !IsDiskFull(failure) && File.Exists(path + ".wal");

    /// <summary>Whether another process has the database.</summary>
    public static bool IsLocked(Exception failure) => failure.Message.Contains(LockText, StringComparison.Ordinal);

    /// <summary>The failure to report for what opening the file threw.</summary>
    public static DatabaseException OfOpening(string path, Exception failure)
    {
        if (IsLocked(failure))
        {
            return new DatabaseInUseException(
                $"Another JobService uses {path}. One process at a time may have the database: stop the other one, "
                + "give this one time to wait for that (Database:LockTimeout), or another DataDirectory. DuckDB "
                + $"says: {failure.Message}", failure);
        }

        return new DatabaseException(
            $"The database {path} cannot be opened. Nothing was changed. Check that the path is right, that this user "
            + $"may read and write it and its folder, and that the disk is healthy. The cause: {failure.Message}",
            failure);
    }
}
