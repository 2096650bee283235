using Hangfire;

namespace ForegSyte.HangfirePeer;

/// <summary>Callers that enqueue one job after the other. Hangfire's client blocks, so each has a thread.</summary>
internal static class Enqueuers
{
    public static async Task<(int Jobs, TimeSpan Elapsed)> RunAsync(int callers, TimeSpan duration, string payload)
    {
        var start = TimeProvider.System.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                var count = 0;
                for (; TimeProvider.System.GetElapsedTime(start) < duration; count++)
                {
                    BackgroundJob.Enqueue(() => CarriedJob.Run(payload));
                }

                return count;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return (counts.Sum(), TimeProvider.System.GetElapsedTime(start));
    }
}
