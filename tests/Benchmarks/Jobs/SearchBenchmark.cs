using System.Globalization;
using DuckDB.NET.Data;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Jobs;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Npgsql;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>
/// Time of the first page of searches over a million tracks in 20,000 jobs, one call at a time. Half of the tracks are
/// objects and half are texts: frequent signs, numbered gates and random words.
/// </summary>
internal static class SearchBenchmark
{
    private const int Jobs = 20_000;
    private const int TracksOfKind = 25;
    private const int JobsPerCommit = 200;
    private const int WarmUps = 10;
    private const int Calls = 100;
    private const double GoalMilliseconds = 50;
    private const string RareLabel = "zebra";
    private const string RareText = "RARE KM7XQ 9";

    private static readonly (string Name, SearchTracksRequest? Tracks, SearchTextsRequest? Texts)[] Searches =
    [
        ("objects, frequent label", new() { Label = "person" }, null),
        ("objects, label and tag", new() { Label = "person", JobFilter = "tags.camera = c7" }, null),
        ("objects, zone and confidence", new() { ZoneId = "door", MinConfidence = 0.9f }, null),
        ("objects, rare label", new() { Label = RareLabel }, null),
        ("objects, no match", new() { Label = "unicorn" }, null),
        ("texts, exact, frequent", null, new() { Text = "GATE 07", Match = TextMatch.Exact }),
        ("texts, exact, rare", null, new() { Text = RareText, Match = TextMatch.Exact }),
        ("texts, contains, frequent", null, new() { Text = "gate" }),
        ("texts, contains, rare", null, new() { Text = "km7xq" }),
        ("texts, contains, one letter", null, new() { Text = "e" }),
        ("texts, contains, no match", null, new() { Text = "qqqqqqqq" }),
        ("texts, contains and tag", null, new() { Text = "gate 07", JobFilter = "tags.camera = c7" }),
        ("texts, fuzzy, frequent", null, new() { Text = "GATE O7", Match = TextMatch.Fuzzy }),
        ("texts, fuzzy, rare", null, new() { Text = "RARE KN7XQ 9", Match = TextMatch.Fuzzy }),
        ("texts, fuzzy, no match", null, new() { Text = "qzqzqzqz", Match = TextMatch.Fuzzy }),
    ];

    /// <summary>Measures the search in DuckDB and in a PostgreSQL on this machine.</summary>
    public static async Task MeasureAsync(BenchmarkRun run, JobInputs inputs)
    {
        await MeasureOnDuckDbAsync(run, inputs);
        await MeasureOnPostgreSqlAsync(run, inputs);
    }

    private static async Task MeasureOnDuckDbAsync(BenchmarkRun run, JobInputs inputs)
    {
        var data = run.Folder.File("search");
        await FinishedJobs.MakeAsync(data, Jobs, inputs.VideoPath, run.Cancellation);
        var path = Path.Combine(data, DatabaseOptions.DefaultFileName);
        var before = new FileInfo(path).Length;
        var start = TimeProvider.System.GetTimestamp();
        await using (var connection = new DuckDBConnection($"DataSource={path}"))
        {
            connection.Open();
            connection.Execute(
                "UPDATE jobs SET tags_json = concat('{\"camera\":\"c', abs(hash(job_id) % 50), '\"}')");
            var jobs = connection.Query(
                "SELECT job_id, created_at FROM jobs ORDER BY created_at", ReadJob);
            foreach (var (index, chunk) in jobs.Chunk(JobsPerCommit).Index())
            {
                using var transaction = connection.BeginTransaction();
                SearchTables.Queue(
                    connection, [.. chunk.Select(job => job.JobId)],
                    [.. chunk.Select(job => job.CreatedAt.UtcDateTime)]);
                foreach (var (i, job) in chunk.Index())
                {
                    SearchTables.Index(connection, TracksOf(job, (index * JobsPerCommit) + i), minNumber: 0);
                }

                transaction.Commit();
            }

            connection.Execute("CHECKPOINT");
        }

        Report(run, "DuckDB", start, new FileInfo(path).Length - before);
        await MeasureAsync(run, "DuckDB", data, new Dictionary<string, string>());
    }

    private static async Task MeasureOnPostgreSqlAsync(BenchmarkRun run, JobInputs inputs)
    {
        const string What = "SearchService with Store=PostgreSql";
        if (PostgresServer.MissingReason is { } reason)
        {
            run.Rows.Add(new Row(What, $"skipped: {reason}"));
            return;
        }

        await using var server = await PostgresServer.StartNewAsync();
        var database = await server.CreateDatabaseAsync();
        var settings = new Dictionary<string, string>
        {
            ["Store"] = "PostgreSql",
            ["PostgreSql:ConnectionString"] = database,
        };
        var data = run.Folder.File("search-postgresql");
        await using (var service = await JobServiceProcess.StartAsync(data, run.Cancellation, settings))
        {
            await service.Client.SubmitVideoAsync(
                Load.Calls.SubmitRequest(inputs.VideoPath), cancellationToken: run.Cancellation);
            await service.StopAsync();
        }

        var start = TimeProvider.System.GetTimestamp();
        await using (var source = NpgsqlDataSource.Create(database))
        await using (var connection = await source.OpenConnectionAsync(run.Cancellation))
        {
            await connection.ExecuteAsync(
                "CREATE TEMP TABLE template (LIKE jobs); INSERT INTO template SELECT * FROM jobs", run.Cancellation);
            await connection.ExecuteAsync(
                "DELETE FROM jobs; INSERT INTO jobs SELECT (jsonb_populate_record(template, jsonb_build_object("
                + "'job_id', gen_random_uuid(), 'status', 'COMPLETED', 'display_name', 'clip ' || i, "
                + "'created_at', timestamptz '2026-01-01' + i * interval '1 second', "
                + "'ended_at', timestamptz '2026-01-01' + i * interval '1 second', "
                + "'tags_json', '{\"camera\":\"c' || i % 50 || '\"}'))).* "
                + $"FROM template, generate_series(1, {Jobs}) AS i",
                run.Cancellation);
            var jobs = await connection.QueryAsync(
                "SELECT job_id, created_at FROM jobs ORDER BY created_at", ReadJob, run.Cancellation);
            foreach (var (index, chunk) in jobs.Chunk(JobsPerCommit).Index())
            {
                await using var transaction = await connection.BeginTransactionAsync(run.Cancellation);
                await using (var batch = connection.CreateBatch())
                {
                    PostgresSearchTables.Queue(batch, [.. chunk.Select(job => job.JobId)]);
                    await batch.ExecuteNonQueryAsync(run.Cancellation);
                }

                foreach (var (i, job) in chunk.Index())
                {
                    await PostgresSearchTables.IndexAsync(
                        connection, TracksOf(job, (index * JobsPerCommit) + i), run.Cancellation);
                }

                await transaction.CommitAsync(run.Cancellation);
            }

            await connection.ExecuteAsync("VACUUM ANALYZE", run.Cancellation);
            var bytes = await connection.QueryAsync(
                "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class "
                + "WHERE relname LIKE 'search%' AND relkind = 'r'",
                reader => reader.GetInt64(0), run.Cancellation);
            Report(run, "PostgreSQL", start, bytes.Single());
        }

        await MeasureAsync(run, "PostgreSQL", data, settings);
    }

    private static async Task MeasureAsync(
        BenchmarkRun run, string store, string data, Dictionary<string, string> settings)
    {
        await using var service = await JobServiceProcess.StartAsync(data, run.Cancellation, settings);
        foreach (var (name, tracks, texts) in Searches)
        {
            var times = new List<double>();
            var count = 0;
            for (var call = 0; call < WarmUps + Calls; call++)
            {
                var start = TimeProvider.System.GetTimestamp();
                count = await CountAsync(service.Search, tracks, texts, run.Cancellation);
                if (call >= WarmUps)
                {
                    times.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
                }
            }

            times.Sort();
            var what = FormattableString.Invariant($"{store}, {name}, {count} matches");
            run.Rows.Add(Row.Maximum($"{what}: median", times.Median(), "ms", GoalMilliseconds));
            run.Rows.Add(new Row($"{what}: p99", Row.Text(times[(Calls * 99 / 100) - 1], "ms")));
            await BenchmarkRun.LogAsync(FormattableString.Invariant(
                $"{what}: median {times.Median():F1} ms, p99 {times[(Calls * 99 / 100) - 1]:F1} ms"));
        }

        run.Rows.Add(new Row($"{store}, memory after the searches (VmRSS)", Row.Text(service.Memory.Resident, "MB")));
    }

    private static async Task<int> CountAsync(
        SearchService.SearchServiceClient client, SearchTracksRequest? tracks, SearchTextsRequest? texts,
        CancellationToken cancellationToken) => tracks is not null
        ? (await client.SearchTracksAsync(tracks, cancellationToken: cancellationToken)).Matches.Count
        : (await client.SearchTextsAsync(texts, cancellationToken: cancellationToken)).Matches.Count;

    private static void Report(BenchmarkRun run, string store, long start, long bytes)
    {
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        run.Rows.Add(new Row($"{store}, jobs with {2 * TracksOfKind} tracks indexed", Row.Text(Jobs / seconds, "/s")));
        run.Rows.Add(new Row($"{store}, disk for {2 * TracksOfKind * Jobs:N0} tracks", Row.Text(bytes / 1e6, "MB")));
    }

    private static JobRecord ReadJob(System.Data.Common.DbDataReader reader)
    {
        var createdAt = new DateTimeOffset(reader.GetDateTime(1), TimeSpan.Zero);
        return new JobRecord
        {
            JobId = reader.GetGuid(0),
            Status = JobStatus.Completed,
            PipelineId = "",
            InputPath = "",
            CreatedAt = createdAt,
            UpdatedAt = createdAt,
            QueuedAt = createdAt,
        };
    }

    private static IndexedTracks TracksOf(JobRecord job, int number)
    {
        string[] labels = ["person", "person", "person", "person", "car", "car", "bicycle", "dog", "bus", "truck"];
        var random = new Random(number);
        var tracks = new IndexedTracks(job, maxTracks: 10_000);
        for (var id = 1; id <= TracksOfKind; id++)
        {
            var isRare = id == 1 && number % (Jobs / 5) == 17;
            var found = new ObjectTrack
            {
                TrackId = id,
                Label = isRare ? RareLabel : labels[random.Next(labels.Length)],
                Confidence = random.NextSingle(),
                First = PointOf(random),
                Last = PointOf(random),
                Best = PointOf(random),
                FramesSeen = random.Next(1, 300),
            };
            if (random.Next(10) == 0)
            {
                found.ZoneVisits.Add(new ZoneVisit { ZoneId = "door" });
            }

            tracks.Add(found);
            tracks.Add(new TextTrack
            {
                TrackId = id,
                Text = isRare ? RareText : TextOf(random),
                Confidence = random.NextSingle(),
                First = TextPointOf(random),
                Last = TextPointOf(random),
                Best = TextPointOf(random),
                FramesSeen = random.Next(1, 300),
            });
        }

        return tracks;
    }

    private static string TextOf(Random random) => random.NextDouble() switch
    {
        < 0.3 => string.Create(CultureInfo.InvariantCulture, $"GATE {random.Next(100):00}"),
        < 0.7 => Word(new Random((int)(5_000 * Math.Pow(random.NextDouble(), 3)))),
        _ => Word(random),
    };

    private static string Word(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(3, 14)).Select(_ => (char)('a' + random.Next(26))));

    private static TrackPoint PointOf(Random random) => new()
    {
        FrameIndex = random.Next(3_000),
        FrameTimestampMs = (uint)random.Next(120_000),
        Box = new BoundingBox
        {
            X = random.NextSingle() * 1_280,
            Y = random.NextSingle() * 720,
            Width = random.NextSingle() * 200,
            Height = random.NextSingle() * 200,
        },
    };

    private static TextPoint TextPointOf(Random random) => new()
    {
        FrameIndex = random.Next(3_000),
        FrameTimestampMs = (uint)random.Next(120_000),
        Polygon =
        {
            Enumerable.Range(0, 4).Select(_ => new Point
            {
                X = random.NextSingle() * 1_280,
                Y = random.NextSingle() * 720,
            }),
        },
    };
}
