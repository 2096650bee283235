using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds whether a completed job has a tracks document beside its results. Earlier jobs have none, and NULL means none.
/// </summary>
[Migration(202611300050, "Add the tracks documents of jobs")]
internal sealed class M202611300050AddTracks : Migration
{
    /// <inheritdoc />
    public override void Up() => Alter.Table("jobs").AddColumn("has_tracks").AsBoolean().Nullable();

    /// <inheritdoc />
    public override void Down() => Delete.Column("has_tracks").FromTable("jobs");
}
