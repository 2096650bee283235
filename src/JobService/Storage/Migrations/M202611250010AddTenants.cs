using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds the tenant of a job. Earlier jobs belong to the tenant "", which is also the tenant of all callers of a service
/// without access control.
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
