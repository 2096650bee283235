using System.Diagnostics.CodeAnalysis;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// Many kills over one data folder: at named points and at any time, of either service, while callers submit, cancel,
/// retry and delete. The seed decides what is done; the machine decides how far it gets before a kill.
/// </summary>
public sealed class StormTests(Undisturbed undisturbed)
{
    /// <summary>A life that did not reach its crash point by then is ended from outside.</summary>
    private const int LongestLifeMs = 3_000;

    private const int MostWaiting = 30;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [SuppressMessage("Security", "CA5394", Justification = "A seeded sequence that can be repeated is the point.")]
    public async Task Services_KilledManyTimes_KeepWhatTheyAcknowledged()
    {
        var random = new Random(FaultSettings.Seed);
        await using var service = new FaultyJobService([undisturbed.Inference.Address]);
        var ledger = new Ledger();
        var count = new SortedDictionary<string, int>();
        for (var kill = 0; kill < FaultSettings.Kills; kill++)
        {
            var life = Life.Draw(random);
            if (await service.TryStartAsync(life.CrashAt, life.Passing))
            {
                await LiveAsync(service, life, ledger, count);
            }
            else
            {
                Count(count, $"JobService at {life.CrashAt}, before it served");
            }
        }

        await service.StartAsync();
        var tally = await Verdict.ReachAsync(service, ledger, undisturbed, Token);
        await Console.Out.WriteLineAsync(Summary(count, ledger, tally));
    }

    private async Task LiveAsync(
        FaultyJobService service, Life life, Ledger ledger, SortedDictionary<string, int> count)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var callers = life.CallerSeeds
            .Take(await IsBehindAsync(service) ? 0 : life.CallerSeeds.Count)
            .Select(seed => new Caller(service, ledger, new Random(seed)).RunAsync(end.Token));
        var running = Task.WhenAll(callers);
        var limit = life.KillAfterMs ?? LongestLifeMs;
        await Task.WhenAny(service.Process.Exit, Task.Delay(limit, Token));
        var name = service.Process.Exit.IsCompleted ? $"at {life.CrashAt}" : "from outside";
        if (life.KillsInference)
        {
            await undisturbed.Inference.Process.KillAsync();
            await undisturbed.Inference.StartAsync();
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

    /// <summary>
    /// Whether so many jobs wait that no more should come: on a slow machine they would take hours in the end.
    /// </summary>
    private static async Task<bool> IsBehindAsync(FaultyJobService service)
    {
        try
        {
            return (await service.ListAsync(Token))
                .Count(job => job.Status is JobStatus.Pending or JobStatus.Running) > MostWaiting;
        }
        catch (RpcException)
        {
            // It has reached its crash point.
            return false;
        }
    }

    private static void Count(SortedDictionary<string, int> count, string kind) =>
        count[kind] = count.GetValueOrDefault(kind) + 1;

    private static string Summary(SortedDictionary<string, int> count, Ledger ledger, Tally tally) =>
        string.Join('\n', [
            "",
            $"fault storm, seed {FaultSettings.Seed}: {count.Values.Sum()} lives ended by SIGKILL",
            .. count.Select(pair => $"  {pair.Value,4}  {pair.Key}"),
            $"  {ledger.Jobs.Count} acknowledged jobs: {tally.Completed} completed with the results of an undisturbed "
                + $"run in {tally.Attempts} attempts ({tally.Resumed} resumed from stored segments), "
                + $"{tally.Cancelled} cancelled, {tally.Gone} deleted; each as its caller had been told",
            "",
        ]);
}
