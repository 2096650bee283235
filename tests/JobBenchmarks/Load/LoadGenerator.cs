using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.JobBenchmarks.Load;

/// <summary>
/// The load generator as a program: takes an order as a line of JSON, makes the load, answers with a line of JSON; ends
/// with its standard input.
/// </summary>
internal static class LoadGenerator
{
    /// <summary>Connections to a server; below the 100 streams that Kestrel allows on one, at 256 callers.</summary>
    private const int Channels = 4;

    /// <summary>Serves orders until there are no more.</summary>
    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await Console.In.ReadLineAsync(cancellationToken) is { } line)
        {
            var order = JsonSerializer.Deserialize<LoadOrder>(line)!;
            Console.WriteLine(JsonSerializer.Serialize(await MakeAsync(order)));
        }
    }

    private static async Task<LoadResult> MakeAsync(LoadOrder order)
    {
        var channels = Enumerable.Range(0, Channels)
            .Select(_ => GrpcChannel.ForAddress(
                order.Address, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler() }))
            .ToList();
        try
        {
            await Task.WhenAll(channels.Select(channel => channel.ConnectAsync()));
            var calls = new Calls(order, channels);
            var budget = new CallBudget(calls.Limit, order.Duration);
            var callers = await Task.WhenAll(Enumerable.Range(0, order.Concurrency)
                .Select(caller => Task.Run(() => CallAsync(calls, caller, budget))));
            return Sum(order, callers, budget.Elapsed);
        }
        finally
        {
            channels.ForEach(channel => channel.Dispose());
        }
    }

    private static async Task<CallerTally> CallAsync(Calls calls, int caller, CallBudget budget)
    {
        var tally = new CallerTally();
        while (budget.TryTake())
        {
            var start = TimeProvider.System.GetTimestamp();
            try
            {
                var jobId = await calls.MakeAsync(caller);
                tally.Took.Add(TimeProvider.System.GetElapsedTime(start));
                if (jobId.Length > 0)
                {
                    tally.JobIds.Add((TimeProvider.System.GetTimestamp(), jobId));
                }
            }
            catch (RpcException failure)
            {
                tally.Failure = failure.Status.ToString();
                break;
            }
        }

        return tally;
    }

    private static LoadResult Sum(LoadOrder order, CallerTally[] callers, TimeSpan elapsed)
    {
        if (order.AcknowledgedPath.Length > 0)
        {
            File.WriteAllLines(
                order.AcknowledgedPath,
                callers.SelectMany(caller => caller.JobIds).OrderBy(job => job.Answered).Select(job => job.JobId));
        }

        var took = callers.SelectMany(caller => caller.Took).Order().ToArray();
        var failures = callers.Where(caller => caller.Failure.Length > 0).ToList();
        return new LoadResult(
            took.Length, failures.Count, failures.FirstOrDefault()?.Failure ?? "", elapsed,
            At(took, 0.5), At(took, 0.99));
    }

    private static TimeSpan At(TimeSpan[] sorted, double part) =>
        sorted.Length == 0 ? TimeSpan.Zero : sorted[Math.Min(sorted.Length - 1, (int)(part * sorted.Length))];
}
