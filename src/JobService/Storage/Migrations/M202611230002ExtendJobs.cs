using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds what priorities, scheduled retries, resuming, deletions and the sweep of artifacts need. The new columns are
/// nullable and have no default: DuckDB cannot commit a transaction that adds two columns with a default to a table
/// with rows, or that makes two of them NOT NULL. The migration fills existing rows, and the code writes all columns.
/// </summary>
[Migration(202611230002, "Add priorities, schedules, resumed work, deletions and the database's identity")]
internal sealed class M202611230002ExtendJobs : Migration
{
    /// <inheritdoc />
    public override void Up()
    {
        Alter.Table("jobs")
            .AddColumn("priority").AsInt32().Nullable()
            .AddColumn("queued_at").AsDateTime2().Nullable()
            .AddColumn("next_attempt_at").AsDateTime2().Nullable()
            .AddColumn("forgiven_attempts").AsInt32().Nullable()
            .AddColumn("segment_frames").AsInt32().Nullable();
        Execute.Sql(
            "UPDATE jobs SET priority = 4, queued_at = created_at, forgiven_attempts = 0, segment_frames = 0");

        Alter.Table("attempts")
            .AddColumn("retryable").AsBoolean().Nullable()
            .AddColumn("device_json").AsString().Nullable()
            .AddColumn("frames_resumed").AsInt32().Nullable();
        Execute.Sql("UPDATE attempts SET retryable = false, frames_resumed = 0");

        Alter.Table("request_ids").AddColumn("created_at").AsDateTime2().Nullable();
        Execute.Sql(
            "UPDATE request_ids SET created_at = jobs.created_at FROM jobs WHERE jobs.job_id = request_ids.job_id");
        Create.Table("deleted_jobs")
            .WithColumn("job_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("deleted_at").AsDateTime2().NotNullable();

        Create.Table("database_identity")
            .WithColumn("database_id").AsGuid().NotNullable()
            .WithColumn("generation").AsInt64().NotNullable();
        Execute.Sql("INSERT INTO database_identity VALUES (gen_random_uuid(), 0)");
    }

    /// <inheritdoc />
    public override void Down()
    {
        Delete.Table("database_identity");
        Delete.Table("deleted_jobs");
        Delete.Column("created_at").FromTable("request_ids");
        DeleteColumns("attempts", "frames_resumed", "device_json", "retryable");
        DeleteColumns("jobs", "segment_frames", "forgiven_attempts", "next_attempt_at", "queued_at", "priority");
    }

    private void DeleteColumns(string table, params IEnumerable<string> columns)
    {
        foreach (var column in columns)
        {
            Delete.Column(column).FromTable(table);
        }
    }
}
