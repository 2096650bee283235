using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>
/// An empty database of this version. It is migrated once in a run and then copied, because the migrations take longer
/// than most tests.
/// </summary>
internal static class MigratedDatabase
{
    private static readonly Lazy<byte[]> Bytes = new(Migrate);

    /// <summary>Writes the database to a path, unless a database is there.</summary>
    public static void Provide(string path)
    {
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, Bytes.Value);
        }
    }

    private static byte[] Migrate()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File(DatabaseOptions.DefaultFileName);
        using (var database = new DuckDbDatabase(DatabaseFixture.OptionsFor(path), TimeProvider.System))
        {
            new DatabaseMigrator(database, MigrationList.OfThisVersion, NullLoggerFactory.Instance).MigrateUp();
            using var connection = database.Connect();
            connection.Execute("CHECKPOINT");
        }

        return File.ReadAllBytes(path);
    }
}
