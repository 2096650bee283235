using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations.PostgreSql;

/// <summary>
/// Adds what several JobServices share in one PostgreSQL: the rank of pending jobs, indexes, the usage of tenants,
/// nodes, uploads, videos, plans and segments.
/// </summary>
[Migration(202611291830, "Add what several JobServices share")]
[PostgreSqlOnly]
internal sealed class M202611291830AddCluster : Migration
{
    private static readonly (string Name, string On)[] Indexes =
    [
        ("jobs_pending", "jobs (tenant, queue_rank, job_id) WHERE status = 'PENDING'"),
        ("jobs_queued", "jobs (queued_at) WHERE status = 'PENDING'"),
        ("jobs_scheduled", "jobs (next_attempt_at) WHERE status = 'PENDING' AND next_attempt_at IS NOT NULL"),
        ("jobs_running", "jobs (lease_expires_at) WHERE status = 'RUNNING'"),
        ("jobs_ended", "jobs (ended_at, job_id) WHERE ended_at IS NOT NULL"),
        ("jobs_created", "jobs (created_at DESC, job_id DESC)"),
        ("jobs_tenant", "jobs (tenant, created_at DESC, job_id DESC)"),
        ("jobs_input", "jobs (input_path)"),
        ("request_ids_created", "request_ids (created_at)"),
        ("job_segments_failed_job", "job_segments_failed (job_id, ended_at, row_id)"),
    ];

    /// <inheritdoc />
    public override void Up()
    {
        Alter.Table("jobs").AddColumn("queue_rank").AsDateTime2().Nullable();
        Execute.Sql("ALTER TABLE job_segments_failed ADD COLUMN row_id bigint GENERATED ALWAYS AS IDENTITY");
        foreach (var (name, on) in Indexes)
        {
            Execute.Sql($"CREATE INDEX {name} ON {on}");
        }

        CreateWriters();
        CreateNodes();
        CreateSegments();

        // A video is recorded after its upload, and each upload has a key of its own; jobs.input_path is such a key.
        Create.Table("videos")
            .WithColumn("content_id").AsString().NotNullable().PrimaryKey()
            .WithColumn("object_key").AsString().NotNullable()
            .WithColumn("bytes").AsInt64().NotNullable()
            .WithColumn("used_at").AsDateTime2().NotNullable();
        Execute.Sql("CREATE UNIQUE INDEX videos_object ON videos (object_key)");
        Execute.Sql("CREATE INDEX videos_used ON videos (used_at)");
    }

    /// <inheritdoc />
    public override void Down()
    {
        foreach (var table in
            (string[])["videos", "segments", "job_plans", "uploads", "nodes", "tenant_usage", "writers"])
        {
            Delete.Table(table);
        }

        foreach (var (name, _) in Indexes)
        {
            Execute.Sql($"DROP INDEX {name}");
        }

        Delete.Column("row_id").FromTable("job_segments_failed");
        Delete.Column("queue_rank").FromTable("jobs");
    }

    /// <summary>
    /// A writer is a sequence of commits of one process. Each commit notes its id here, so that a process whose
    /// connection broke during COMMIT can learn whether it committed, and adds what it changed to the writer's own rows
    /// of tenant_usage, so that writers never wait for each other.
    /// </summary>
    private void CreateWriters()
    {
        Create.Table("writers")
            .WithColumn("writer_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("commit_id").AsGuid().NotNullable()
            .WithColumn("seen_at").AsDateTime2().NotNullable();
        Create.Table("tenant_usage")
            .WithColumn("tenant").AsString().NotNullable().PrimaryKey()
            .WithColumn("writer_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("jobs").AsInt64().NotNullable()
            .WithColumn("pending").AsInt64().NotNullable()
            .WithColumn("video_bytes").AsInt64().NotNullable()
            .WithColumn("result_bytes").AsInt64().NotNullable();
    }

    private void CreateNodes()
    {
        Create.Table("nodes")
            .WithColumn("node_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("name").AsString().NotNullable()
            .WithColumn("address").AsString().NotNullable()
            .WithColumn("version").AsString().NotNullable()
            .WithColumn("started_at").AsDateTime2().NotNullable()
            .WithColumn("seen_at").AsDateTime2().NotNullable()
            .WithColumn("draining").AsBoolean().NotNullable()
            .WithColumn("capacity").AsInt32().NotNullable()
            .WithColumn("running_jobs").AsInt32().NotNullable()
            .WithColumn("storage").AsString().NotNullable();

        // The name of the node, which stays the same when its process starts again.
        Create.Table("uploads")
            .WithColumn("upload_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("node").AsString().NotNullable()
            .WithColumn("tenant").AsString().NotNullable()
            .WithColumn("request_id").AsGuid().Nullable()
            .WithColumn("created_at").AsDateTime2().NotNullable();
        Execute.Sql("CREATE INDEX nodes_name ON nodes (name, seen_at)");
        Execute.Sql(
            "CREATE UNIQUE INDEX uploads_request ON uploads (tenant, request_id) WHERE request_id IS NOT NULL");
    }

    private void CreateSegments()
    {
        Create.Table("job_plans")
            .WithColumn("job_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("token").AsGuid().NotNullable()
            .WithColumn("plan").AsBinary(int.MaxValue).NotNullable();

        // The response is either in the row or, above a size, an object of the storage.
        Create.Table("segments")
            .WithColumn("job_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("start_frame").AsInt32().NotNullable().PrimaryKey()
            .WithColumn("end_frame").AsInt32().NotNullable().PrimaryKey()
            .WithColumn("attempt").AsInt32().NotNullable()
            .WithColumn("token").AsGuid().NotNullable()
            .WithColumn("object_key").AsString().Nullable()
            .WithColumn("content").AsBinary(int.MaxValue).Nullable();
    }
}
