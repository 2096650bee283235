using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations.PostgreSql;

/// <summary>
/// Adds the sequence and the indexes of the index of tracks (ADR 46). A text has an array of hashes of its pairs of
/// characters: GIN finds those that have all pairs of a searched text, without an extension. Its list of pending
/// entries is off, because every search would read it.
/// </summary>
[Migration(202611300201, "Add the indexes of tracks")]
[PostgreSqlOnly]
internal sealed class M202611300201AddSearchIndexes : Migration
{
    private static readonly (string Name, string On)[] Indexes =
    [
        ("search_queue_due", "search_queue (due_at, job_id)"),
        ("search_jobs_number", "search_jobs (number)"),
        ("search_jobs_created", "search_jobs (created_at DESC, job_id DESC)"),
        ("search_jobs_tenant", "search_jobs (tenant, created_at DESC, job_id DESC)"),
        ("search_objects_number", "search_objects (number, track_id)"),
        ("search_texts_number", "search_texts (number, track_id)"),
        ("search_texts_folded", "search_texts (left(folded, 100))"),
        ("search_texts_bigrams", "search_texts USING gin (bigrams) WITH (fastupdate = off)"),
        ("search_terms_value", "search_terms (kind, value, number) INCLUDE (max_confidence)"),
        ("search_terms_number", "search_terms (number)"),
    ];

    /// <inheritdoc />
    public override void Up()
    {
        Execute.Sql("CREATE SEQUENCE search_numbers");
        Execute.Sql("ALTER TABLE search_texts ADD COLUMN bigrams integer[] NOT NULL");
        foreach (var (name, on) in Indexes)
        {
            Execute.Sql($"CREATE INDEX {name} ON {on}");
        }
    }

    /// <inheritdoc />
    public override void Down()
    {
        foreach (var (name, _) in Indexes)
        {
            Execute.Sql($"DROP INDEX {name}");
        }

        Execute.Sql("ALTER TABLE search_texts DROP COLUMN bigrams");
        Execute.Sql("DROP SEQUENCE search_numbers");
    }
}
