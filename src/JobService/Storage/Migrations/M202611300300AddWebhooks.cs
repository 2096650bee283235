using FluentMigrator;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>
/// Adds the webhook of a job, and the outbox: messages to webhooks that wait for their delivery or were sent. Earlier
/// jobs have no webhook, and NULL means none.
/// </summary>
[Migration(202611300300, "Add webhooks and their outbox")]
internal sealed class M202611300300AddWebhooks : Migration
{
    /// <inheritdoc />
    public override void Up()
    {
        Alter.Table("jobs").AddColumn("webhook_json").AsString().Nullable();
        Create.Table("webhook_deliveries")
            .WithColumn("delivery_id").AsGuid().NotNullable().PrimaryKey()
            .WithColumn("job_id").AsGuid().NotNullable()
            .WithColumn("tenant").AsString().NotNullable()
            .WithColumn("endpoint").AsString().NotNullable()
            .WithColumn("uri").AsString().NotNullable()
            .WithColumn("host").AsString().NotNullable()
            .WithColumn("event").AsString().NotNullable()
            .WithColumn("extent").AsString().NotNullable()
            .WithColumn("job_json").AsString().Nullable()
            .WithColumn("created_at").AsDateTime2().NotNullable()
            .WithColumn("state").AsString().NotNullable()
            .WithColumn("tries").AsInt32().NotNullable()
            .WithColumn("next_try_at").AsDateTime2().Nullable()
            .WithColumn("claim_token").AsGuid().Nullable()
            .WithColumn("error_message").AsString().NotNullable();

        // A single process reads and writes DuckDB, which scans the few columns of a table quickly.
        IfDatabase("PostgreSQL15_0").Execute.Sql(
            "CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (host, next_try_at, created_at) "
            + "WHERE state = 'PENDING'");
        IfDatabase("PostgreSQL15_0").Execute.Sql(
            "CREATE INDEX webhook_deliveries_job ON webhook_deliveries (job_id, created_at)");
    }

    /// <inheritdoc />
    public override void Down()
    {
        Delete.Table("webhook_deliveries");
        Delete.Column("webhook_json").FromTable("jobs");
    }
}
