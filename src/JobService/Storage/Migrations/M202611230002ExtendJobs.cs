using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// What queueing by priority, scheduled retries, resuming, deleting and the sweep of artifacts have to remember. A
/// column that needs a value of its own in every row gets a default first: DuckDB cannot make a column NOT NULL in the
/// transaction that updated it.
/// </summary>
[Migration(202611230002, "Add priorities, schedules, resumed work, deletions and the database's identity")]
internal sealed class M202611230002ExtendJobs : Migration
{
    /// <inheritdoc />
    public override void Up()
    {
        Alter.Table("jobs")
            .AddColumn("priority").AsInt32().NotNullable().WithDefaultValue(4)
            .AddColumn("queued_at").AsDateTime2().NotNullable().WithDefaultValue(DateTime.UnixEpoch)
            .AddColumn("next_attempt_at").AsDateTime2().Nullable()
            .AddColumn("forgiven_attempts").AsInt32().NotNullable().WithDefaultValue(0)
            .AddColumn("segment_frames").AsInt32().NotNullable().WithDefaultValue(0);
        Execute.Sql("UPDATE jobs SET queued_at = created_at");

        Alter.Table("attempts")
            .AddColumn("retryable").AsBoolean().NotNullable().WithDefaultValue(false)
            .AddColumn("device_json").AsString().Nullable()
            .AddColumn("frames_resumed").AsInt32().NotNullable().WithDefaultValue(0);

        Alter.Table("request_ids")
            .AddColumn("created_at").AsDateTime2().NotNullable().WithDefaultValue(DateTime.UnixEpoch);
        Execute.Sql(
            "UPDATE request_ids SET created_at = jobs.created_at FROM jobs WHERE jobs.job_id = request_ids.job_id");

        Create.Table("deleted_jobs")
            .WithColumn("job_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("deleted_at").AsDateTime2().NotNullable();

        Create.Table("database_identity")
            .WithColumn("database_id").AsGuid().NotNullable()
            .WithColumn("generation").AsInt64().NotNullable();
        Execute.Sql("INSERT INTO database_identity VALUES (uuid(), 0)");
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
