using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds the index of the tracks of completed jobs (ADR 46) and the queue of jobs for it. Earlier jobs have no tracks
/// and need no row. The number of a job in the index grows, so the tables of tracks are small and roughly in the order
/// of the jobs.
/// </summary>
[Migration(202611300200, "Add the index of tracks")]
internal sealed class M202611300200AddSearch : Migration
{
    private static readonly string[] Tables =
        ["search_chunks", "search_terms", "search_texts", "search_objects", "search_jobs", "search_queue"];

    /// <inheritdoc />
    public override void Up()
    {
        CreateTables();

        // A Bloom filter of the pairs of characters; PostgreSQL has an index of the pairs instead.
        IfDatabase("DuckDB").Execute.Sql("ALTER TABLE search_texts ADD COLUMN signature BIGINT");
    }

    /// <inheritdoc />
    public override void Down()
    {
        foreach (var table in Tables)
        {
            Delete.Table(table);
        }

    }

    private void CreateTables()
    {
        Create.Table("search_queue")
            .WithColumn("job_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("failures").AsInt32().NotNullable()
            .WithColumn("due_at").AsDateTime2().NotNullable();
        Create.Table("search_jobs")
            .WithColumn("job_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("number").AsInt64().NotNullable()
            .WithColumn("tenant").AsString().NotNullable()
            .WithColumn("created_at").AsDateTime2().NotNullable();

        // DuckDB finds rows by number from the ranges of its row groups, without an index.
        Create.Table("search_objects")
            .WithColumn("number").AsInt64().NotNullable()
            .WithColumn("track_id").AsInt32().NotNullable()
            .WithColumn("chunk").AsInt32().NotNullable()
            .WithColumn("label").AsString().NotNullable()
            .WithColumn("confidence").AsDouble().NotNullable()
            .WithColumn("zones").AsString().NotNullable()
            .WithColumn("lines").AsString().NotNullable();
        Create.Table("search_texts")
            .WithColumn("number").AsInt64().NotNullable()
            .WithColumn("track_id").AsInt32().NotNullable()
            .WithColumn("chunk").AsInt32().NotNullable()
            .WithColumn("confidence").AsDouble().NotNullable()
            .WithColumn("folded").AsString().NotNullable();
        Create.Table("search_terms")
            .WithColumn("number").AsInt64().NotNullable()
            .WithColumn("kind").AsInt32().NotNullable()
            .WithColumn("value").AsString().NotNullable()
            .WithColumn("max_confidence").AsDouble().NotNullable();
        Create.Table("search_chunks")
            .WithColumn("chunk_id").AsInt64().NotNullable().PrimaryKey()
            .WithColumn("content").AsBinary(int.MaxValue).NotNullable();
    }
}
