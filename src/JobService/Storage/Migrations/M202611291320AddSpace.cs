using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds the sizes of a job's video and results, which the quotas of tenants sum up. Of earlier jobs only the size of a
/// probed video is known; NULL counts as 0.
/// </summary>
[Migration(202611291320, "Add the sizes of videos and results")]
internal sealed class M202611291320AddSpace : Migration
{
    /// <inheritdoc />
    public override void Up()
    {
        Alter.Table("jobs")
            .AddColumn("video_bytes").AsInt64().Nullable()
            .AddColumn("result_bytes").AsInt64().Nullable();

        // proto3 JSON writes a 64-bit number as a string. Databases in PostgreSQL are newer and have no earlier jobs.
        IfDatabase("DuckDB").Execute.Sql(
            "UPDATE jobs SET result_bytes = 0, "
            + """video_bytes = TRY_CAST(regexp_extract(video_json, '"size_bytes": *"([0-9]+)"', 1) AS BIGINT)""");
    }

    /// <inheritdoc />
    public override void Down()
    {
        Delete.Column("result_bytes").FromTable("jobs");
        Delete.Column("video_bytes").FromTable("jobs");
    }
}
