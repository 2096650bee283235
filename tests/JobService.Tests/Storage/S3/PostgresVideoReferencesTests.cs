using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Testing.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ForegSyte.Jobs.Tests.Storage.S3;

public sealed class PostgresVideoReferencesTests(SharedServers servers) : IAsyncLifetime
{
    private const int Limit = 100;

    private static readonly string Content = new('a', 64);

    private PostgresDatabase _database = null!;
    private PostgresVideoReferences _videos = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var server = await servers.PostgresOrSkipAsync();
        _database = new PostgresDatabase(
            Options.Create(new PostgresOptions { ConnectionString = await server.CreateDatabaseAsync() }),
            NullLoggerFactory.Instance);
        new DatabaseMigrator(_database, MigrationList.OfPostgreSql, NullLoggerFactory.Instance).MigrateUp();
        _videos = new PostgresVideoReferences(_database);
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    [Fact]
    public async Task Use_AfterRecord_IsTheFirstObject()
    {
        Assert.Null(await _videos.UseAsync(Content, Cancellation));
        Assert.Equal("first", await RecordAsync("first"));

        Assert.Equal("first", await RecordAsync("second"));
        Assert.Equal("first", await _videos.UseAsync(Content, Cancellation));
    }

    [Fact]
    public async Task Record_RecordedObjectIsMissing_ReplacesIt()
    {
        await RecordAsync("lost");

        Assert.Equal("lost", await RecordAsync("new", missingKey: "other"));
        Assert.Equal("new", await RecordAsync("new", missingKey: "lost"));
        Assert.Equal("new", await _videos.UseAsync(Content, Cancellation));
    }

    [Fact]
    public async Task ForgetUnused_VideoOfAJobOrUsedLately_Stays()
    {
        await RecordAsync("used");
        Assert.Empty(await _videos.ForgetUnusedAsync(TimeSpan.FromHours(1), Limit, Cancellation));

        await InsertJobAsync("used");
        Assert.Empty(await _videos.ForgetUnusedAsync(TimeSpan.Zero, Limit, Cancellation));

        await RunAsync("DELETE FROM jobs");
        Assert.Equal(["used"], await _videos.ForgetUnusedAsync(TimeSpan.Zero, Limit, Cancellation));
        Assert.Null(await _videos.UseAsync(Content, Cancellation));
    }

    [Fact]
    public async Task ForgetUnused_WhileASubmissionUsesTheVideo_LeavesIt()
    {
        await RecordAsync("used");
        await RunAsync("UPDATE videos SET used_at = now() - interval '2 hours'");
        await using var connection = await _database.Source.OpenConnectionAsync(Cancellation);
        await using (var transaction = await connection.BeginTransactionAsync(Cancellation))
        {
            await using var use = new NpgsqlCommand("UPDATE videos SET used_at = clock_timestamp()", connection);
            await use.ExecuteNonQueryAsync(Cancellation);
            Assert.Empty(await _videos.ForgetUnusedAsync(TimeSpan.FromHours(1), Limit, Cancellation));
            await transaction.CommitAsync(Cancellation);
        }

        Assert.Empty(await _videos.ForgetUnusedAsync(TimeSpan.FromHours(1), Limit, Cancellation));
        Assert.Equal("used", await _videos.UseAsync(Content, Cancellation));
    }

    [Fact]
    public async Task UseAndForget_AtTheSameTime_NeverGiveAForgottenObject()
    {
        var forgotten = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var sweeps = Task.Run(
            async () =>
            {
                while (!end.IsCancellationRequested)
                {
                    foreach (var key in await _videos.ForgetUnusedAsync(TimeSpan.Zero, Limit, Cancellation))
                    {
                        forgotten[key] = true;
                    }
                }
            },
            Cancellation);

        await Parallel.ForAsync(0, 200, Cancellation, async (number, token) =>
        {
            // As a submission: the object that it gets is not one that was forgotten before.
            var before = forgotten.Keys.ToHashSet(StringComparer.Ordinal);
            var key = await _videos.UseAsync(Content, token)
                ?? await _videos.RecordAsync(Content, $"object-{number}", 1, missingKey: null, token);
            Assert.DoesNotContain(key, before);
        });
        await end.CancelAsync();
        await sweeps;

        // Each upload is recorded at most once and forgotten at most once.
        Assert.All(forgotten.Keys, key => Assert.StartsWith("object-", key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task FindKnown_RecordedAndReferredTo_AreKnown()
    {
        await RecordAsync("recorded");
        await InsertJobAsync("of a job");

        Assert.Equal(
            ["of a job", "recorded"],
            (await _videos.FindKnownAsync(["recorded", "of a job", "unknown"], Cancellation)).Order());
    }

    private Task<string> RecordAsync(string key, string? missingKey = null) =>
        _videos.RecordAsync(Content, key, 1, missingKey, Cancellation);

    private Task InsertJobAsync(string inputPath) => RunAsync(
        "INSERT INTO jobs (job_id, status, pipeline_id, frame_stride, max_frames, display_name, input_path, "
        + "created_at, updated_at, frames_total, frames_done, decode_time_us, inference_time_us) "
        + $"VALUES (gen_random_uuid(), 'PENDING', 'ocr_only', 1, 0, '', '{inputPath}', now(), now(), 0, 0, 0, 0)");

    private async Task RunAsync(string sql)
    {
        await using var command = _database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
