using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds the tags of a job as a JSON object of strings. Earlier jobs have none, and NULL means none. A job is read and
/// written as one row; PostgreSQL can index such a column as jsonb.
/// </summary>
[Migration(202611290041, "Add the tags of jobs")]
internal sealed class M202611290041AddTags : Migration
{
    /// <inheritdoc />
    public override void Up() => Alter.Table("jobs").AddColumn("tags_json").AsString().Nullable();

    /// <inheritdoc />
    public override void Down() => Delete.Column("tags_json").FromTable("jobs");
}
