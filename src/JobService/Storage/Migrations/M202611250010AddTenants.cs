using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Whom jobs belong to. Jobs of earlier versions belong to the tenant without a name, whom callers are where nothing
/// says who may call; an admin sees them too.
/// </summary>
[Migration(202611250010, "Add the tenants of jobs")]
internal sealed class M202611250010AddTenants : Migration
{
    /// <inheritdoc />
    public override void Up()
    {
        Alter.Table("jobs").AddColumn("tenant").AsString().Nullable();
        Execute.Sql("UPDATE jobs SET tenant = ''");
    }

    /// <inheritdoc />
    public override void Down() => Delete.Column("tenant").FromTable("jobs");
}
