using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Tests.Storage.PostgreSql;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>
/// Searches for a batch of 100 jobs, by its tag, and for an equal job among 100,000 jobs in both stores. Prints the
/// times, and checks what is found and that PostgreSQL uses its indexes.
/// </summary>
public sealed class TagSearchTests(SharedServers servers)
{
    private const int Jobs = 100_000;
    private const int JobsOfBatch = 100;
    private const int Rounds = 9;
    private const string Batch = "tags.batch = \"batch-é-42\"";
    private const string Failed = Batch + " AND status = FAILED";
    private const string Unfinished = Batch + " AND (status = PENDING OR status = RUNNING)";

    private static readonly JobRecord Wanted = TestJobs.Pending() with { VideoSha256 = Hash(77_777) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task DuckDb_ManyJobs_FindsTheBatchAndTheEqualJob()
    {
        using var folder = new TemporaryFolder();
        await using var database = new DatabaseFixture(folder.File("jobs.duckdb"));
        await database.Store.InsertAsync(Template(), Cancellation);
        using (var connection = database.Database.Connect())
        {
            connection.Execute(string.Create(CultureInfo.InvariantCulture, $$"""
                INSERT INTO jobs SELECT template.* REPLACE (
                    uuid() AS job_id, created_at + to_seconds(i) AS created_at,
                    '{"batch":"batch-\u00E9-' || (i // {{JobsOfBatch}}) || '","camera":"north"}' AS tags_json,
                    lpad(i::VARCHAR, 64, '0') AS video_sha256)
                FROM range({{Jobs - 1}}) AS r(i), jobs AS template
                """));
        }

        await AssertFoundAsync("DuckDB", database.Store);
    }

    [Fact]
    public async Task PostgreSql_ManyJobs_FindsTheBatchAndTheEqualJobByIndexes()
    {
        await using var node =
            new PostgresNode(await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync()));
        await node.Store.InsertAsync(Template(), Cancellation);
        await node.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $$"""
            INSERT INTO jobs SELECT filled.* FROM jobs AS template, generate_series(0, {{Jobs - 2}}) AS i,
                jsonb_populate_record(template, jsonb_build_object(
                    'job_id', gen_random_uuid(), 'created_at', created_at + i * interval '1 second',
                    'tags_json', '{"batch":"batch-\u00E9-' || (i / {{JobsOfBatch}}) || '","camera":"north"}',
                    'video_sha256', lpad(i::text, 64, '0'))) AS filled
            """));
        await node.ExecuteAsync("ANALYZE jobs");

        await AssertFoundAsync("PostgreSQL", node.Store);

        // For a page of a whole batch the planner reads the jobs in their order until it has enough, because it expects
        // each tag in 1 % of the jobs.
        var failed = JobListSql.Of(new JobQuery(JobFilterParser.Parse(Failed), null, 50), new PostgresDialect());
        Assert.Contains("jobs_tags", await PlanAsync(node, failed.Text, failed.Parameters), StringComparison.Ordinal);
        var equal = ReusableJobSql.Of(Wanted, "v1", new PostgresDialect());
        Assert.Contains("jobs_reusable", await PlanAsync(node, equal.Text, equal.Parameters), StringComparison.Ordinal);
        await AssertTextsOfABatchAreFoundByItsTagAsync(node);
    }

    private static JobRecord Template() => TestJobs.Pending() with
    {
        Status = JobStatus.Completed,
        PipelineVersion = "v1",
        EndedAt = TestJobs.Noon,
        VideoSha256 = "none",
    };

    private static string Hash(int number) => number.ToString("D64", CultureInfo.InvariantCulture);

    private static async Task AssertFoundAsync(string name, IJobStore store)
    {
        var page = await TimeAsync($"{name}, page of a batch", () => ListAsync(store, Batch));
        Assert.Equal(50, page.Count);
        Assert.All(page, job => Assert.Equal("batch-é-42", job.Tags.Find("batch")));
        Assert.Empty(await TimeAsync($"{name}, unfinished jobs of a batch", () => ListAsync(store, Unfinished)));
        Assert.Empty(await TimeAsync($"{name}, failed jobs of a batch", () => ListAsync(store, Failed)));
        Assert.Equal(
            50, (await TimeAsync($"{name}, page by a pattern", () => ListAsync(store, "tags.batch = \"*-42\""))).Count);
        var equal = await TimeAsync($"{name}, equal job", () => store.FindReusableAsync(Wanted, "v1", Cancellation));
        Assert.Equal(Wanted.VideoSha256, (await store.FindAsync(equal!.Value, Cancellation))!.VideoSha256);
    }

    private static Task<IReadOnlyList<JobRecord>> ListAsync(IJobStore store, string filter) =>
        store.ListAsync(new JobQuery(JobFilterParser.Parse(filter), null, 50), Cancellation);

    private static async Task<T> TimeAsync<T>(string what, Func<Task<T>> search)
    {
        var times = new List<TimeSpan>();
        var result = await search();
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            result = await search();
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        var median = times.Order().ElementAt(Rounds / 2).TotalMilliseconds;
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what}, {Jobs} jobs: {median:F1} ms (median of {Rounds})"));
        return result;
    }

    /// <summary>
    /// After some calls PostgreSQL plans a prepared statement without its parameters. This plan too must begin with the
    /// few jobs that have the tag, although nearly every job has texts.
    /// </summary>
    private static async Task AssertTextsOfABatchAreFoundByItsTagAsync(PostgresNode node)
    {
        await node.ExecuteAsync("""
            INSERT INTO search_jobs (job_id, number, tenant, created_at)
                SELECT job_id, row_number() OVER (), tenant, created_at FROM jobs;
            INSERT INTO search_terms (number, kind, value, max_confidence)
                SELECT number, kind, CASE kind WHEN 2 THEN 'label ' || number % 500 ELSE '' END, 1
                FROM search_jobs, (VALUES (1), (2), (5)) AS terms (kind);
            ANALYZE search_jobs, search_terms
            """);
        var search = new TextSearch(
            new SearchScope(null, JobFilterParser.Parse(Batch), null, 50), "gate", TextMatch.Contains, 0);
        var jobs = SearchSql.JobsOf(search, new PostgresSearchDialect());

        var plan = await PlanWithoutParametersAsync(
            node, $"SELECT s.number FROM search_jobs s WHERE {jobs.Text}", jobs.Parameters);

        Assert.Contains("jobs_tags", plan, StringComparison.Ordinal);
    }

    private static async Task<string> PlanAsync(
        PostgresNode node, string sql, IEnumerable<(string Name, object? Value)> parameters) =>
        string.Join('\n', await node.Database.ReadAsync(
            (connection, cancellationToken) => connection.QueryAsync(
                "EXPLAIN " + sql, row => row.GetString(0), cancellationToken, [.. parameters]),
            Cancellation));

    private static async Task<string> PlanWithoutParametersAsync(
        PostgresNode node, string sql, IReadOnlyList<(string Name, object? Value)> parameters)
    {
        foreach (var (i, (name, _)) in parameters.Index())
        {
            sql = Regex.Replace(sql, $@"@{name}\b", $"$${i + 1}");
        }

        var types = parameters.Select(parameter => parameter.Value is double ? "float8" : "text");
        return string.Join('\n', await node.Database.ReadAsync(
            async (connection, cancellationToken) =>
            {
                await connection.ExecuteAsync(
                    "SET plan_cache_mode = force_generic_plan; "
                    + $"PREPARE search ({string.Join(", ", types)}) AS {sql}",
                    cancellationToken);
                var plan = await connection.QueryAsync(
                    $"EXPLAIN EXECUTE search ({string.Join(", ", parameters.Select(_ => "NULL"))})",
                    row => row.GetString(0), cancellationToken);
                await connection.ExecuteAsync("DEALLOCATE search; RESET plan_cache_mode", cancellationToken);
                return plan;
            },
            Cancellation));
    }
}
