using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds the warnings of a job as a JSON array of reasons and counts; earlier jobs have none, and NULL means none. Adds
/// the segments that failed or lost frames, with what FFmpeg said: a table without a primary key, because a segment
/// that a repeated call fails again has another row, and a job has few.
/// </summary>
[Migration(202611290513, "Add the warnings of jobs and their failed segments")]
internal sealed class M202611290513AddWarnings : Migration
{
    /// <inheritdoc />
    public override void Up()
    {
        Alter.Table("jobs").AddColumn("warnings_json").AsString().Nullable();
        Create.Table("job_segments_failed")
            .WithColumn("job_id").AsGuid().NotNullable()
            .WithColumn("number").AsInt32().NotNullable()
            .WithColumn("start_frame").AsInt32().NotNullable()
            .WithColumn("end_frame").AsInt32().NotNullable()
            .WithColumn("attempt").AsInt32().NotNullable()
            .WithColumn("instance").AsString().Nullable()
            .WithColumn("started_at").AsDateTime2().NotNullable()
            .WithColumn("ended_at").AsDateTime2().NotNullable()
            .WithColumn("frames_analyzed").AsInt32().NotNullable()
            .WithColumn("frames_lost").AsInt32().NotNullable()
            .WithColumn("failure_reason").AsString().Nullable()
            .WithColumn("failure_message").AsString().Nullable()
            .WithColumn("failure_metadata_json").AsString().Nullable()
            .WithColumn("decoder_output").AsString().NotNullable();
    }

    /// <inheritdoc />
    public override void Down()
    {
        Delete.Table("job_segments_failed");
        Delete.Column("warnings_json").FromTable("jobs");
    }
}
