using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Jobs.Tests.Storage.Migrations;

public sealed class DatabaseMigratorTests : IDisposable
{
    private const long CreateJobs = 202611230001;
    private const long ExtendJobs = 202611230002;
    private const long AddTenants = 202611250010;
    private const long AddVideoHash = 202611250013;
    private const long AddTraceParent = 202611250025;
    private const long AddLastWords = 202611250028;
    private const long AddTags = 202611290041;
    private const long AddWarnings = 202611290513;
    private const long AddSpace = 202611291320;
    private const long AddSegmentLoss = 202611291440;
    private const long AddTracks = 202611300050;
    private const long AddChoices = 202611300100;
    private const long AddSearch = 202611300200;
    private const long AddWebhooks = 202611300300;
    private const long AddsColumns = 299901010001;

    private static readonly long[] KnownVersions =
    [
        CreateJobs, ExtendJobs, AddTenants, AddVideoHash, AddTraceParent, AddLastWords, AddTags, AddWarnings, AddSpace,
        AddSegmentLoss, AddTracks, AddChoices, AddSearch, AddWebhooks,
    ];

    private static readonly Type[] KnownMigrations =
    [
        typeof(M202611230001CreateJobs), typeof(M202611230002ExtendJobs), typeof(M202611250010AddTenants),
        typeof(M202611250013AddVideoHash), typeof(M202611250025AddTraceParent), typeof(M202611250028AddLastWords),
        typeof(M202611290041AddTags), typeof(M202611290513AddWarnings),
        typeof(M202611291320AddSpace), typeof(M202611291440AddSegmentLoss),
        typeof(M202611300050AddTracks), typeof(M202611300100AddChoices),
        typeof(M202611300200AddSearch), typeof(M202611300300AddWebhooks),
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly DuckDbDatabase _database;

    public DatabaseMigratorTests() =>
        _database = new DuckDbDatabase(
            DatabaseFixture.OptionsFor(_folder.File("jobs.duckdb")), TimeProvider.System);

    public void Dispose()
    {
        _database.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void MigrateUp_EmptyFile_MakesTheTablesInDuckDb()
    {
        Migrator().MigrateUp();

        Assert.Equal(
            [
                "attempts", "database_identity", "deleted_jobs", "job_segments_failed", "jobs", "request_ids",
                "schema_versions", "search_chunks", "search_jobs", "search_objects", "search_queue", "search_terms",
                "search_texts", "webhook_deliveries",
            ],
            Tables());
        Assert.Equal(KnownVersions, Migrator().AppliedVersions());
        Assert.Equal("DUCK", System.Text.Encoding.ASCII.GetString(ReadShared(_folder.File("jobs.duckdb"))[8..12]));
    }

    [Fact]
    public void MigrateUp_EveryColumnOfTheStatements_IsInTheTableAndNoOther()
    {
        Migrator().MigrateUp();

        Assert.Equal(JobColumns.Jobs.Select(column => column.Name).Order(), Columns("jobs"));
        Assert.Equal(JobColumns.Attempts.Select(column => column.Name).Order(), Columns("attempts"));
    }

    [Fact]
    public void MigrateUp_Twice_ChangesNothing()
    {
        Migrator().MigrateUp();
        InsertJob("kept");

        Migrator().MigrateUp();

        Assert.Equal(["kept"], Query("SELECT display_name FROM jobs"));
        Assert.Equal(KnownVersions, Migrator().AppliedVersions());
    }

    [Fact]
    public void MigrateUpAndDown_WithData_KeepsIt()
    {
        Migrator().MigrateUp();
        InsertJob("kept");

        Migrator(typeof(TestMigrations.AddsColumns)).MigrateUp();
        Assert.Equal(
            [.. KnownVersions, AddsColumns], Migrator(typeof(TestMigrations.AddsColumns)).AppliedVersions());
        Assert.Equal(["5"], Query("SELECT urgency FROM jobs"));
        Assert.Equal(["{\"braces\": {}}"], Query("SELECT remark FROM jobs"));
        Assert.Equal(["11111111-2222-3333-4444-555555555555"], Query("SELECT label_id FROM tags"));
        Assert.Throws<DuckDB.NET.Data.DuckDBException>(() => Query("UPDATE jobs SET urgency = NULL"));

        Migrator(typeof(TestMigrations.AddsColumns)).MigrateDown(KnownVersions[^1]);
        Assert.Equal(KnownVersions, Migrator().AppliedVersions());
        Assert.Equal(JobColumns.Jobs.Select(column => column.Name).Order(), Columns("jobs"));
        Assert.Equal(["kept"], Query("SELECT display_name FROM jobs"));
    }

    [Fact]
    public void MigrateDown_ToZeroAndUpAgain_IsAnEmptySchemaThenANewOne()
    {
        Migrator().MigrateUp();
        InsertJob("gone");

        Migrator().MigrateDown(0);
        Assert.Equal([], Tables().Except(["schema_versions"]));
        Assert.Empty(Migrator().AppliedVersions());

        Migrator().MigrateUp();
        Assert.Empty(Query("SELECT display_name FROM jobs"));
        InsertJob("new");
        Assert.Equal(["new"], Query("SELECT display_name FROM jobs"));
    }

    [Fact]
    public void MigrateUp_DatabaseOfTheFirstVersion_KeepsItsJobsAndFillsWhatIsNew()
    {
        var first = new DatabaseMigrator(
            _database, new MigrationList([typeof(M202611230001CreateJobs)]), NullLoggerFactory.Instance);
        first.MigrateUp();
        var old = Columns("jobs");
        using (var connection = _database.Connect())
        {
            connection.Execute(
                $"INSERT INTO jobs ({string.Join(", ", old)}) VALUES ({string.Join(", ", old.Select(x => "$" + x))})",
                JobColumns.Jobs.Where(column => old.Contains(column.Name))
                    .Select(column => (
                        column.Name, column.ValueOf(TestJobs.Pending() with { Video = TestJobs.Full().Video }))));
        }

        Migrator().MigrateUp();

        Assert.Equal(["4|0|0"], Query("SELECT concat_ws('|', priority, forgiven_attempts, segment_frames) FROM jobs"));
        Assert.Equal(["True"], Query("SELECT queued_at = created_at AND video_sha256 IS NULL FROM jobs"));
        Assert.Equal(["True"], Query("SELECT tenant = '' AND tags_json IS NULL AND warnings_json IS NULL FROM jobs"));
        using (var connection = _database.Connect())
        {
            var jobs = connection.InSnapshot(() => JobRows.List(connection, JobRows.SelectJobs));
            Assert.Equal(JobWarnings.Empty, jobs.Single().Warnings);
            Assert.Equal(JobChoices.None, jobs.Single().Choices);
            Assert.Equal((null, null), (jobs.Single().ReusedJobId, jobs.Single().PipelineVersion));
            Assert.Equal((1L << 40, 0), (jobs.Single().VideoBytes, jobs.Single().ResultBytes));
        }

        Migrator().MigrateDown(CreateJobs);
        Assert.Equal(old, Columns("jobs"));
        Assert.Equal(["yolo_ocr"], Query("SELECT pipeline_id FROM jobs"));
    }

    [Fact]
    public void MigrateUp_BrokenMigration_IsRolledBackAndTold()
    {
        Migrator().MigrateUp();
        InsertJob("kept");

        var failure = Assert.Throws<DatabaseException>(() =>
            Migrator(typeof(TestMigrations.AddsColumns), typeof(TestMigrations.Breaks)).MigrateUp());

        Assert.Contains("no number", failure.Message, StringComparison.Ordinal);
        Assert.Contains("start the version that ran before", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("half", Tables());
        Assert.Equal(
            [.. KnownVersions, AddsColumns], Migrator(typeof(TestMigrations.AddsColumns)).AppliedVersions());
        Assert.Equal(["kept"], Query("SELECT display_name FROM jobs"));
    }

    [Fact]
    public void Migrate_DatabaseOfANewerVersion_IsRefused()
    {
        Migrator(typeof(TestMigrations.AddsColumns)).MigrateUp();

        var up = Assert.Throws<DatabaseException>(() => Migrator().MigrateUp());
        var down = Assert.Throws<DatabaseException>(() => Migrator().MigrateDown(0));

        Assert.All([up, down], failure =>
        {
            Assert.Contains("newer JobService", failure.Message, StringComparison.Ordinal);
            Assert.Contains("299901010001", failure.Message, StringComparison.Ordinal);
        });
        Assert.Contains("tags", Tables());
    }

    private DatabaseMigrator Migrator(params Type[] further) => new(
        _database,
        new MigrationList([.. KnownMigrations, .. further]),
        NullLoggerFactory.Instance);

    private void InsertJob(string displayName)
    {
        using var connection = _database.Connect();
        new DuckDbTable<JobRecord>(connection, "jobs", JobColumns.Jobs, keyLength: 1)
            .Append([TestJobs.Pending() with { DisplayName = displayName }]);
    }

    private List<string> Tables() => Query("SELECT table_name FROM duckdb_tables() ORDER BY 1");

    private List<string> Columns(string table) =>
        [.. Query($"SELECT column_name FROM duckdb_columns() WHERE table_name = '{table}'").Order()];

    private List<string> Query(string sql)
    {
        using var connection = _database.Connect();
        return connection.Query(sql, reader => reader.GetValue(0).ToString()!);
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[16];
        file.ReadExactly(bytes);
        return bytes;
    }
}
