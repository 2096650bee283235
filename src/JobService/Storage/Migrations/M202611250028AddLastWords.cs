using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>Adds the excerpt of FFmpeg's log for a failed attempt. Earlier attempts have none.</summary>
[Migration(202611250028, "Add the last words of an attempt's decoder")]
internal sealed class M202611250028AddLastWords : Migration
{
    /// <inheritdoc />
    public override void Up() => Alter.Table("attempts").AddColumn("last_words").AsString().Nullable();

    /// <inheritdoc />
    public override void Down() => Delete.Column("last_words").FromTable("attempts");
}
