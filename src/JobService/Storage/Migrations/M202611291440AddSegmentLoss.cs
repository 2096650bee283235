using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds whether a failed segment lost its InferenceService, and whether that had segments of other jobs too. Of earlier
/// runs it is unknown; NULL means that it was not lost.
/// </summary>
[Migration(202611291440, "Add the losses of failed segments")]
internal sealed class M202611291440AddSegmentLoss : Migration
{
    /// <inheritdoc />
    public override void Up() => Alter.Table("job_segments_failed").AddColumn("loss").AsInt32().Nullable();

    /// <inheritdoc />
    public override void Down() => Delete.Column("loss").FromTable("job_segments_failed");
}
