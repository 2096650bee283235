using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Creates the tables of jobs, attempts and request ids.
/// <para>There are no foreign keys, since DuckDB refuses to update a row that one refers to, and no indexes besides the
/// primary keys, since an explicit index blocks most later changes of its table. Timestamps are in UTC with
/// microseconds.
/// Columns whose names end in _json hold JSON; messages are formatted by ForegSyteJson.</para>
/// </summary>
[Migration(202611230001, "Create jobs, attempts and request_ids")]
internal sealed class M202611230001CreateJobs : Migration
{
    /// <inheritdoc />
    public override void Up()
    {
        CreateJobs();
        CreateAttempts();

        // A request_id is unique. Its own table keeps the index off jobs, which changes most.
        Create.Table("request_ids")
            .WithColumn("request_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("job_id").AsGuid().NotNullable();
    }

    /// <inheritdoc />
    public override void Down()
    {
        Delete.Table("request_ids");
        Delete.Table("attempts");
        Delete.Table("jobs");
    }

    private void CreateJobs() =>
        Create.Table("jobs")
            .WithColumn("job_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("status").AsString().NotNullable()
            .WithColumn("pipeline_id").AsString().NotNullable()
            .WithColumn("frame_stride").AsInt32().NotNullable()
            .WithColumn("max_frames").AsInt32().NotNullable()
            .WithColumn("display_name").AsString().NotNullable()
            .WithColumn("request_id").AsGuid().Nullable()
            .WithColumn("fingerprint_json").AsString().Nullable()
            .WithColumn("input_path").AsString().NotNullable()
            .WithColumn("output_path").AsString().Nullable()
            .WithColumn("failure_reason").AsString().Nullable()
            .WithColumn("failure_message").AsString().Nullable()
            .WithColumn("failure_metadata_json").AsString().Nullable()
            .WithColumn("created_at").AsDateTime2().NotNullable()
            .WithColumn("updated_at").AsDateTime2().NotNullable()
            .WithColumn("ended_at").AsDateTime2().Nullable()
            .WithColumn("lease_token").AsGuid().Nullable()
            .WithColumn("lease_expires_at").AsDateTime2().Nullable()
            .WithColumn("frames_total").AsInt32().NotNullable()
            .WithColumn("frames_done").AsInt32().NotNullable()
            .WithColumn("video_json").AsString().Nullable()
            .WithColumn("summary_json").AsString().Nullable()
            .WithColumn("device_json").AsString().Nullable()
            .WithColumn("decode_time_us").AsInt64().NotNullable()
            .WithColumn("inference_time_us").AsInt64().NotNullable();

    private void CreateAttempts() =>
        Create.Table("attempts")
            .WithColumn("job_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("number").AsInt32().NotNullable().PrimaryKey()
            .WithColumn("started_at").AsDateTime2().NotNullable()
            .WithColumn("ended_at").AsDateTime2().Nullable()
            .WithColumn("failure_reason").AsString().Nullable()
            .WithColumn("failure_message").AsString().Nullable()
            .WithColumn("failure_metadata_json").AsString().Nullable();
}
