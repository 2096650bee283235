using System.Globalization;
using DuckDB.NET.Data;
using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// The open database file. Holds a connection as long as it lives, so that the instance and its settings stay: settings
/// that a later connection gives to a living instance are ignored.
/// </summary>
internal sealed class DuckDbDatabase : IDisposable
{
    private DuckDBConnection? _keeper;

    /// <exception cref="DatabaseException">
    /// Another process has the file, the write-ahead log cannot be replayed (both files are set aside then), or the
    /// file is no database.
    /// </exception>
    public DuckDbDatabase(IOptions<DatabaseOptions> options, TimeProvider time)
    {
        try
        {
            Path = CanonicalPath.Resolve(options.Value.Path);
            ConnectionString = MakeConnectionString(Path, options.Value);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw DatabaseFailures.OfOpening(options.Value.Path, failure);
        }

        DamagedDatabase.RequireNone(Path);
        Open(damaged => DamagedDatabase.SetAside(Path, time.GetUtcNow(), damaged));
    }

    /// <summary>Canonical path of the file.</summary>
    public string Path { get; }

    /// <summary>The one connection string of the process.</summary>
    public string ConnectionString { get; }

    /// <summary>Opens a further connection to the same instance.</summary>
    public DuckDBConnection Connect()
    {
        var connection = new DuckDBConnection(ConnectionString);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Closes the file and opens it again, as DuckDB wants it after a fatal error. Every other connection has to be
    /// closed before: the instance lives as long as one is open.
    /// </summary>
    /// <exception cref="DatabaseException">The file does not open.</exception>
    public void Reopen()
    {
        Dispose();
        Open(damaged => DatabaseFailures.OfOpening(Path, damaged));
    }

    /// <summary>Closes the file. DuckDB writes a checkpoint then, if it can.</summary>
    public void Dispose()
    {
        _keeper?.Dispose();
        _keeper = null;
    }

    private void Open(Func<DuckDBException, DatabaseException> failureOfLog)
    {
        try
        {
            _keeper = Connect();
        }
        catch (DuckDBException failure) when (DatabaseFailures.IsDamagedLog(Path, failure))
        {
            throw failureOfLog(failure);
        }
        catch (DuckDBException failure)
        {
            throw DatabaseFailures.OfOpening(Path, failure);
        }
    }

    private static string MakeConnectionString(string path, DatabaseOptions options) =>
        new DuckDBConnectionStringBuilder
        {
            DataSource = path,
            MemoryLimit = Mebibytes(options.MemoryLimitMib),
            Threads = options.Threads,
            CheckpointThreshold = Mebibytes(options.WalAutocheckpointMib),
            AutoinstallKnownExtensions = false,
            AutoloadKnownExtensions = false,
        }.ConnectionString;

    private static string Mebibytes(int count) => count.ToString(CultureInfo.InvariantCulture) + "MiB";
}
