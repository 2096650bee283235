using FluentMigrator;

namespace ForegSyte.Jobs.Tests.Storage.Migrations;

internal static class TestMigrations
{
    [Migration(299901010001, "Add a column that a value is required for")]
    public sealed class AddsColumns : Migration
    {
        public override void Up()
        {
            Alter.Table("jobs").AddColumn("urgency").AsInt32().NotNullable().WithDefaultValue(5);
            Alter.Table("jobs").AddColumn("note").AsString(40).Nullable();
            Execute.Sql("UPDATE jobs SET note = '{\"braces\": {}}'");
            Rename.Column("note").OnTable("jobs").To("remark");
            Create.Table("labels").WithColumn("label_id").AsGuid().PrimaryKey().WithDefault(SystemMethods.NewGuid);
            Rename.Table("labels").To("tags");
            Insert.IntoTable("tags").Row(new { label_id = new Guid("11111111-2222-3333-4444-555555555555") });
        }

        public override void Down()
        {
            Delete.Table("tags");
            Delete.Column("remark").FromTable("jobs");
            Delete.Column("urgency").FromTable("jobs");
        }
    }

    [Migration(299901010002, "Fail in the middle")]
    public sealed class Breaks : Migration
    {
        public override void Up()
        {
            Create.Table("half").WithColumn("id").AsInt32();
            Execute.Sql("INSERT INTO half VALUES ('no number')");
        }

        public override void Down() => Delete.Table("half");
    }
}
