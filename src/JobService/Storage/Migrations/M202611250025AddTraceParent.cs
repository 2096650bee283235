using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>Adds the trace context of a job's submission. Earlier jobs have none.</summary>
[Migration(202611250025, "Add the trace context of a job's submission")]
internal sealed class M202611250025AddTraceParent : Migration
{
    /// <inheritdoc />
    public override void Up() => Alter.Table("jobs").AddColumn("trace_parent").AsString().Nullable();

    /// <inheritdoc />
    public override void Down() => Delete.Column("trace_parent").FromTable("jobs");
}
