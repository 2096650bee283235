using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>What becomes of a job of Hangfire whose worker is killed in the middle of it.</summary>
internal static class WorkerLoss
{
    private static readonly TimeSpan ShortInvisibility = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Watched = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>With Hangfire's default and with a short time-out, at the same time.</summary>
    public static Task<Row[]> MeasureAsync(
        WorkFolder folder, PostgresProcess postgres, CancellationToken cancellationToken) => Task.WhenAll(
            MeasureAsync(folder, postgres, "loss_default", TimeSpan.Zero, cancellationToken),
            MeasureAsync(folder, postgres, "loss_short", ShortInvisibility, cancellationToken));

    private static async Task<Row> MeasureAsync(
        WorkFolder folder, PostgresProcess postgres, string schema, TimeSpan invisibility,
        CancellationToken cancellationToken)
    {
        var record = folder.File(schema);
        await using var first = await HangfireProgram.StartAsync(
            postgres.ConnectionString, schema, invisibility, cancellationToken);
        await first.AskAsync("serve", cancellationToken);
        await first.AskAsync($"job {record}", cancellationToken);
        if (await WaitForStartAsync(record, 1, cancellationToken) is null)
        {
            throw new InvalidOperationException("The worker of Hangfire did not begin its job.");
        }

        await first.KillAsync();
        await using var second = await HangfireProgram.StartAsync(
            postgres.ConnectionString, schema, invisibility, cancellationToken);
        await second.AskAsync("serve", cancellationToken);
        var again = await WaitForStartAsync(record, 2, cancellationToken);
        return new Row(
            $"Hangfire, SIGKILL of the worker in mid-job, invisibility time-out {second.Invisibility}",
            again is { } after
                ? FormattableString.Invariant($"run again {after.TotalSeconds:F0} s after the new worker's start")
                : FormattableString.Invariant($"not run again within {Watched.TotalSeconds:F0} s"));
    }

    /// <summary>The time until a job was begun this often; null where it was not within the time watched.</summary>
    private static async Task<TimeSpan?> WaitForStartAsync(
        string record, int times, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < Watched)
        {
            if (File.Exists(record) && File.ReadLines(record).Count(line => line == "start") >= times)
            {
                return TimeProvider.System.GetElapsedTime(start);
            }

            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }

        return null;
    }
}
