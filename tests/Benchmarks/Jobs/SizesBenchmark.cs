using ForegSyte.Benchmarks.Load;
using ForegSyte.Benchmarks.Processes;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>
/// Start-up, ListJobs, GetJob and memory over databases of several sizes, in turn. It makes one call at a time: it
/// measures the time of a call, not the rate.
/// </summary>
internal static class SizesBenchmark
{
    private const double FlatGoal = 1.5;
    private const double StartGoalSeconds = 3;
    private const double MemoryGoalMegabytes = 200;

    /// <summary>Size of the database that counts as empty: GetJob needs one job.</summary>
    private const int NearlyEmpty = 1;

    private const int ListsPerRound = 50;
    private const int GetsPerRound = 1_000;
    private static readonly TimeSpan MaxRoundTime = TimeSpan.FromSeconds(8);

    public static async Task MeasureAsync(BenchmarkRun run, JobInputs inputs)
    {
        var sizes = inputs.Sizes.Prepend(NearlyEmpty).Distinct()
            .Select(count => new Figures(count, run.Folder.File(FormattableString.Invariant($"size-{count}"))))
            .ToList();
        foreach (var size in sizes)
        {
            await BenchmarkRun.LogAsync(FormattableString.Invariant($"sizes: creating {size.Jobs:N0} finished jobs"));
            await FinishedJobs.MakeAsync(size.DataFolder, size.Jobs, inputs.VideoPath, run.Cancellation);
        }

        await MeasureStartsAsync(sizes, run.Cancellation);
        await MeasureReadsAsync(sizes, run.Cancellation);
        run.Rows.AddRange(Report(sizes[0], sizes[1..]));
    }

    private static async Task MeasureStartsAsync(List<Figures> sizes, CancellationToken cancellationToken)
    {
        for (var round = 0; round < BenchmarkRun.Rounds; round++)
        {
            foreach (var size in sizes)
            {
                await using var service = await JobServiceProcess.StartAsync(size.DataFolder, cancellationToken);
                size.StartSeconds.Add(service.StartTime.TotalSeconds);
                await service.StopAsync();
            }
        }
    }

    private static async Task MeasureReadsAsync(List<Figures> sizes, CancellationToken cancellationToken)
    {
        await using var load = new LoadProcess();
        var services = new List<JobServiceProcess>();
        try
        {
            foreach (var size in sizes)
            {
                services.Add(await JobServiceProcess.StartAsync(size.DataFolder, cancellationToken));
            }

            // The first round is the warm-up and does not count.
            for (var round = 0; round <= BenchmarkRun.Rounds; round++)
            {
                foreach (var (size, service) in sizes.Zip(services))
                {
                    var list = await MedianMillisecondsAsync(load, ListOrder(service), cancellationToken);
                    var get = await MedianMillisecondsAsync(load, GetOrder(service, size), cancellationToken);
                    if (round > 0)
                    {
                        size.ListMilliseconds.Add(list);
                        size.GetMilliseconds.Add(get);
                    }

                    await BenchmarkRun.LogAsync(FormattableString.Invariant(
                        $"sizes, {size.Jobs:N0} jobs: ListJobs {list:F2} ms, GetJob {get:F2} ms"));
                }
            }

            foreach (var (size, service) in sizes.Zip(services))
            {
                size.Memory = service.Memory;
            }
        }
        finally
        {
            foreach (var service in services)
            {
                await service.DisposeAsync();
            }
        }
    }

    private static LoadOrder ListOrder(JobServiceProcess service) => new()
    {
        Address = service.Address,
        Call = CallKind.List,
        Concurrency = 1,
        Duration = MaxRoundTime,
        MaxCalls = ListsPerRound,
    };

    private static LoadOrder GetOrder(JobServiceProcess service, Figures size) => new()
    {
        Address = service.Address,
        Call = CallKind.Get,
        Concurrency = 1,
        Duration = MaxRoundTime,
        MaxCalls = GetsPerRound,
        JobIdsPath = FinishedJobs.SamplePath(size.DataFolder),
    };

    private static async Task<double> MedianMillisecondsAsync(
        LoadProcess load, LoadOrder order, CancellationToken cancellationToken) =>
        (await load.RunAsync(order, cancellationToken)).Clean().Median.TotalMilliseconds;

    private static IEnumerable<Row> Report(Figures empty, List<Figures> sizes)
    {
        var largest = sizes[^1];
        return
        [
            .. Flat("start to SERVING", "s", sizes, size => size.StartSeconds.Median()),
            .. Flat("ListJobs, first page", "ms", sizes, size => size.ListMilliseconds.Median()),
            .. Flat("GetJob", "ms", sizes, size => size.GetMilliseconds.Median()),
            Row.Maximum($"start to SERVING, {Jobs(largest)}", largest.StartSeconds.Median(), "s", StartGoalSeconds),
            Above(empty, largest, "resident memory (VmRSS)", memory => memory.Resident),
            Above(empty, largest, "proportional memory (PSS)", memory => memory.Proportional),
        ];
    }

    private static IEnumerable<Row> Flat(
        string what, string unit, List<Figures> sizes, Func<Figures, double> figure)
    {
        yield return new Row($"{what}, {Jobs(sizes[0])}", Row.Text(figure(sizes[0]), unit));
        foreach (var size in sizes.Skip(1))
        {
            yield return Row.AtMost(
                $"{what}, {Jobs(size)}", figure(size), unit, Jobs(sizes[0]), figure(sizes[0]), FlatGoal);
        }
    }

    private static Row Above(Figures empty, Figures full, string what, Func<ProcessMemory, double> megabytes) =>
        Row.AtMostAbove(
            $"{what} after the same reads, {Jobs(full)}", megabytes(full.Memory!), "MB",
            FormattableString.Invariant($"{empty.Jobs} job"), megabytes(empty.Memory!), MemoryGoalMegabytes);

    private static string Jobs(Figures size) => FormattableString.Invariant($"{size.Jobs:N0} jobs");

    /// <summary>Measurements of one database size; each list has one value per round.</summary>
    private sealed class Figures(int jobs, string dataFolder)
    {
        public int Jobs { get; } = jobs;

        public string DataFolder { get; } = dataFolder;

        public List<double> StartSeconds { get; } = [];

        public List<double> ListMilliseconds { get; } = [];

        public List<double> GetMilliseconds { get; } = [];

        /// <summary>Memory after all reads.</summary>
        public ProcessMemory? Memory { get; set; }
    }
}
