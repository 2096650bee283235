using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations.PostgreSql;

/// <summary>
/// Adds the request_id of an upload, so that CreateUpload with the same one finds it from every node.
/// </summary>
[Migration(202611291840, "Add the request ids of uploads")]
[PostgreSqlOnly]
internal sealed class M202611291840AddUploadRequests : Migration
{
    /// <inheritdoc />
    public override void Up()
    {
        Alter.Table("uploads").AddColumn("request_id").AsGuid().Nullable();
        Execute.Sql(
            "CREATE UNIQUE INDEX uploads_request ON uploads (tenant, request_id) WHERE request_id IS NOT NULL");
        Execute.Sql("CREATE INDEX nodes_name ON nodes (name, seen_at)");
    }

    /// <inheritdoc />
    public override void Down()
    {
        Execute.Sql("DROP INDEX nodes_name");
        Execute.Sql("DROP INDEX uploads_request");
        Delete.Column("request_id").FromTable("uploads");
    }
}
