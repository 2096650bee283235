using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations.PostgreSql;

/// <summary>Adds the keys that encrypt the cookies of the web page, which all nodes share (ADR 49).</summary>
[Migration(202611301330, "Add the keys of the web page")]
[PostgreSqlOnly]
internal sealed class M202611301330AddWebKeys : Migration
{
    /// <inheritdoc />
    public override void Up() => Create.Table("web_keys")
        .WithColumn("name").AsString().NotNullable().PrimaryKey()
        .WithColumn("xml").AsString().NotNullable();

    /// <inheritdoc />
    public override void Down() => Delete.Table("web_keys");
}
