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
    private readonly DuckDBConnection _keeper;
    private bool _disposed;

    /// <exception cref="DatabaseException">
    /// Another process has the file, the write-ahead log cannot be replayed, or the file is no database.
    /// </exception>
    public DuckDbDatabase(IOptions<DatabaseOptions> options)
    {
        try
        {
            Path = CanonicalPath.Resolve(options.Value.Path);
            ConnectionString = MakeConnectionString(Path, options.Value);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
            _keeper = Connect();
        }
        catch (Exception failure) when (failure is DuckDBException or IOException or UnauthorizedAccessException)
        {
            throw DatabaseFailures.OfOpening(Path ?? options.Value.Path, failure);
        }
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

    /// <summary>Writes a checkpoint, so that the next start has nothing to replay, and closes the file.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        try
        {
            using var command = _keeper.CreateCommand();
            command.CommandText = "CHECKPOINT";
            command.ExecuteNonQuery();
        }
        finally
        {
            _keeper.Dispose();
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
