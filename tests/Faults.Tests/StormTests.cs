using System.Diagnostics.CodeAnalysis;
using ForegSyte.Jobs.Faults;
using ForegSyte.Testing;
using ForegSyte.Testing.Faults;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// Many kills over one data folder, at named points and at random times, of both services, while callers submit,
/// cancel, retry and delete. The seed determines the actions; the machine determines how far they get before a kill.
/// </summary>
public sealed class StormTests(BaselineRun baseline, SharedServers servers)
{
    /// <summary>Time after which a service that has not reached its crash point is killed from outside.</summary>
    private const int MaxLifetimeMs = 3_000;

    /// <summary>
    /// Maximum number of unfinished jobs while callers submit more; all of them run after the last kill. Few kills
    /// need few jobs.
    /// </summary>
    private static readonly int MaxUnfinishedJobs = Math.Min(FaultSettings.Kills, 30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [TestTimeLimit(120)]
    public Task Services_KilledManyTimes_KeepWhatTheyAcknowledged() => RunAsync("DuckDB", settings: null);

    [Fact]
    [TestTimeLimit(120)]
    public async Task Services_KilledManyTimesOverPostgreSql_KeepWhatTheyAcknowledged()
    {
        var postgres = await servers.PostgresOrSkipAsync();
        await RunAsync("PostgreSQL", new Dictionary<string, string>
        {
            ["Store"] = "PostgreSql",
            ["PostgreSql:ConnectionString"] = await postgres.CreateDatabaseAsync(),
            ["Retention:Interval"] = "00:00:01",

            // A start gives up when the database does not answer; a busy machine is not an outage.
            ["PostgreSql:ConnectTimeout"] = "00:01:00",
            ["PostgreSql:CommandTimeout"] = "00:05:00",
        });
    }

    [SuppressMessage("Security", "CA5394", Justification = "A seeded sequence that can be repeated is the point.")]
    private async Task RunAsync(string store, Dictionary<string, string>? settings)
    {
        var random = new Random(FaultSettings.Seed);
        await using var service = new RestartableJobService([baseline.Inference.Address], settings: settings);
        var expected = new ExpectedJobs();
        var count = new SortedDictionary<string, int>();
        for (var kill = 0; kill < FaultSettings.Kills; kill++)
        {
            var lifetime = ServiceLifetime.Draw(random);
            if (await service.TryStartAsync(lifetime.CrashAt, lifetime.Passing))
            {
                await RunUntilKillAsync(service, lifetime, expected, count);
            }
            else
            {
                Count(count, $"JobService at {lifetime.CrashAt}, during its start");
            }
        }

        await service.StartAsync();
        var counts = await ConsistencyCheck.RunAsync(service, expected, baseline, Token);
        await Console.Out.WriteLineAsync(Summary(store, count, expected, counts));
    }

    private async Task RunUntilKillAsync(
        RestartableJobService service,
        ServiceLifetime lifetime,
        ExpectedJobs expected,
        SortedDictionary<string, int> count)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var callers = lifetime.CallerSeeds
            .Take(await IsBehindAsync(service) ? 0 : lifetime.CallerSeeds.Count)
            .Select(seed => new StormCaller(service, expected, new Random(seed)).RunAsync(end.Token));
        var running = Task.WhenAll(callers);
        var limit = lifetime.KillAfterMs ?? MaxLifetimeMs;
        await Task.WhenAny(service.Process.Exit, Task.Delay(limit, Token));
        var name = service.Process.Exit.IsCompleted ? $"at {lifetime.CrashAt}" : "from outside";
        if (lifetime.KillsInference)
        {
            await baseline.Inference.Process.KillAsync();
            await baseline.Inference.StartAsync();
            Count(count, "InferenceService, then JobService " + name);
        }
        else
        {
            Count(count, "JobService " + name);
        }

        await service.KillAsync();
        await end.CancelAsync();
        await running;
    }

    /// <summary>Whether so many jobs are unfinished that a slow machine would need hours for more.</summary>
    private static async Task<bool> IsBehindAsync(RestartableJobService service)
    {
        try
        {
            return (await service.ListAsync(Token))
                .Count(job => job.Status is JobStatus.Pending or JobStatus.Running) > MaxUnfinishedJobs;
        }
        catch (RpcException)
        {
            // The service has reached its crash point.
            return false;
        }
    }

    private static void Count(SortedDictionary<string, int> count, string kind) =>
        count[kind] = count.GetValueOrDefault(kind) + 1;

    private static string Summary(
        string store, SortedDictionary<string, int> count, ExpectedJobs expected, JobCounts counts) =>
        string.Join('\n', [
            "",
            $"fault storm over {store}, seed {FaultSettings.Seed}: {count.Values.Sum()} processes ended by SIGKILL",
            .. count.Select(pair => $"  {pair.Value,4}  {pair.Key}"),
            $"  {expected.Jobs.Count} acknowledged jobs: {counts.Completed} completed with the results of a run "
                + $"without faults in {counts.Attempts} attempts ({counts.Resumed} resumed from stored segments), "
                + $"{counts.Cancelled} cancelled, {counts.Deleted} deleted, as their callers were told",
            "",
        ]);
}

/// <summary>How one process of the JobService ends in the storm.</summary>
/// <param name="CrashAt">Point at which it kills itself; null for a kill from outside.</param>
/// <param name="Passing">Number of the passing of that point.</param>
/// <param name="KillAfterMs">Time of the kill from outside; null for a crash point.</param>
/// <param name="KillsInference">Whether the InferenceService is killed too.</param>
/// <param name="CallerSeeds">Seeds of its callers.</param>
[SuppressMessage("Security", "CA5394", Justification = "A seeded sequence that can be repeated is the point.")]
internal sealed record ServiceLifetime(
    CrashPoint? CrashAt, int Passing, int? KillAfterMs, bool KillsInference, IReadOnlyList<int> CallerSeeds)
{
    private const int Callers = 3;

    /// <summary>
    /// Draws a lifetime: three of four end at a named point, one of ten includes the InferenceService.
    /// </summary>
    public static ServiceLifetime Draw(Random random)
    {
        var points = Enum.GetValues<CrashPoint>().Except(UploadCrashPointTests.UploadPoints)
            .Except(WebhookCrashPointTests.WebhookPoints).ToArray();
        var atPoint = random.Next(4) > 0;
        return new ServiceLifetime(
            atPoint ? points[random.Next(points.Length)] : null,
            random.Next(1, 5),
            atPoint ? null : random.Next(50, 1_500),
            random.Next(10) == 0,
            [.. Enumerable.Range(0, Callers).Select(_ => random.Next())]);
    }
}
