using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations.PostgreSql;

/// <summary>
/// Gives each upload of a video an object key of its own. A video is recorded after its upload, so it has no state.
/// </summary>
[Migration(202611291840, "Add the object keys of videos")]
[PostgreSqlOnly]
internal sealed class M202611291840AddVideoObjects : Migration
{
    /// <inheritdoc />
    public override void Up()
    {
        Delete.Column("state").FromTable("videos");
        Alter.Table("videos").AddColumn("object_key").AsString().NotNullable();
        Execute.Sql("CREATE UNIQUE INDEX videos_object ON videos (object_key)");
        Execute.Sql("CREATE INDEX videos_used ON videos (used_at)");
    }

    /// <inheritdoc />
    public override void Down()
    {
        Execute.Sql("DROP INDEX videos_used");
        Execute.Sql("DROP INDEX videos_object");
        Delete.Column("object_key").FromTable("videos");
        Alter.Table("videos").AddColumn("state").AsString().NotNullable().WithDefaultValue("PRESENT");
    }
}
