using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds the options of a job beside stride and limit of frames as JSON, the job whose results it has, and the version
/// of its pipeline. Earlier jobs have NULL: no such options, own results, an unknown version. PostgreSQL gets indexes
/// that find the jobs with the same video and those with a tag; DuckDB scans the columns, because any index blocks
/// later changes of the table (ADR 45).
/// </summary>
[Migration(202611300100, "Add the choices for each job and the reuse of results")]
internal sealed class M202611300100AddChoices : Migration
{
    private static readonly (string Name, string On)[] Indexes =
    [
        ("jobs_reusable", "(tenant, video_sha256) WHERE status = 'COMPLETED' AND pipeline_version IS NOT NULL"),
        ("jobs_tags", "USING gin ((tags_json::jsonb) jsonb_path_ops) WHERE tags_json IS NOT NULL"),
    ];

    /// <inheritdoc />
    public override void Up()
    {
        Alter.Table("jobs")
            .AddColumn("options_json").AsString().Nullable()
            .AddColumn("reused_job_id").AsGuid().Nullable()
            .AddColumn("pipeline_version").AsString().Nullable();
        foreach (var (name, on) in Indexes)
        {
            IfDatabase("PostgreSQL15_0").Execute.Sql($"CREATE INDEX {name} ON jobs {on}");
        }
    }

    /// <inheritdoc />
    public override void Down()
    {
        foreach (var (name, _) in Indexes)
        {
            IfDatabase("PostgreSQL15_0").Execute.Sql($"DROP INDEX {name}");
        }

        Delete.Column("pipeline_version").FromTable("jobs");
        Delete.Column("reused_job_id").FromTable("jobs");
        Delete.Column("options_json").FromTable("jobs");
    }
}
