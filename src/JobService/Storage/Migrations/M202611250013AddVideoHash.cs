using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>Adds the hash of a job's video, which names the shared copy. Earlier jobs have none.</summary>
[Migration(202611250013, "Add the hash of a job's video")]
internal sealed class M202611250013AddVideoHash : Migration
{
    /// <inheritdoc />
    public override void Up() => Alter.Table("jobs").AddColumn("video_sha256").AsString().Nullable();

    /// <inheritdoc />
    public override void Down() => Delete.Column("video_sha256").FromTable("jobs");
}
