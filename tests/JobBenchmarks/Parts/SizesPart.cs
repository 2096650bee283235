using ForegSyte.JobBenchmarks.Load;
using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>
/// Start-up, the first page of ListJobs, GetJob and memory over databases of several sizes, in turns. One call at a
/// time: this is about the time of a call, not about how many there are.
/// </summary>
internal sealed class SizesPart : IBenchmarkPart
{
    private const double FlatGoal = 1.5;
    private const double StartGoalSeconds = 3;
    private const double MemoryGoalMegabytes = 100;

    /// <summary>Jobs of the database that stands for an empty one: GetJob needs one to read.</summary>
    private const int NearlyEmpty = 1;

    private const int ListsPerRound = 50;
    private const int GetsPerRound = 1_000;
    private static readonly TimeSpan MaxRoundTime = TimeSpan.FromSeconds(8);

    /// <inheritdoc />
    public string Name => "sizes";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Row>> RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var sizes = bench.Sizes.Prepend(NearlyEmpty).Distinct().Select(count => new SizeFigures(
            count, bench.Folder.File(FormattableString.Invariant($"size-{count}")))).ToList();
        foreach (var size in sizes)
        {
            await Bench.SayAsync(FormattableString.Invariant($"sizes: making {size.Jobs:N0} finished jobs"));
            await FinishedJobs.MakeAsync(size.DataFolder, size.Jobs, bench.VideoPath, cancellationToken);
        }

        await MeasureStartsAsync(sizes, cancellationToken);
        await MeasureReadsAsync(bench, sizes, cancellationToken);
        return Report(sizes[0], sizes[1..]);
    }

    private static async Task MeasureStartsAsync(List<SizeFigures> sizes, CancellationToken cancellationToken)
    {
        for (var round = 0; round < Rounds.Count; round++)
        {
            foreach (var size in sizes)
            {
                await using var service = await JobServiceProcess.StartAsync(size.DataFolder, cancellationToken);
                size.StartSeconds.Add(service.StartTime.TotalSeconds);
                await service.StopAsync();
            }
        }
    }

    private static async Task MeasureReadsAsync(
        Bench bench, List<SizeFigures> sizes, CancellationToken cancellationToken)
    {
        var services = new List<JobServiceProcess>();
        try
        {
            foreach (var size in sizes)
            {
                services.Add(await JobServiceProcess.StartAsync(size.DataFolder, cancellationToken));
            }

            // The first round warms up and does not count.
            for (var round = 0; round <= Rounds.Count; round++)
            {
                foreach (var (size, service) in sizes.Zip(services))
                {
                    var list = await MedianMillisecondsAsync(bench, ListOrder(service), cancellationToken);
                    var get = await MedianMillisecondsAsync(bench, GetOrder(service, size), cancellationToken);
                    if (round > 0)
                    {
                        size.ListMilliseconds.Add(list);
                        size.GetMilliseconds.Add(get);
                    }

                    await Bench.SayAsync(FormattableString.Invariant(
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

    private static LoadOrder GetOrder(JobServiceProcess service, SizeFigures size) => new()
    {
        Address = service.Address,
        Call = CallKind.Get,
        Concurrency = 1,
        Duration = MaxRoundTime,
        MaxCalls = GetsPerRound,
        JobIdsPath = FinishedJobs.SamplePath(size.DataFolder),
    };

    private static async Task<double> MedianMillisecondsAsync(
        Bench bench, LoadOrder order, CancellationToken cancellationToken) =>
        (await bench.Load.RunAsync(order, cancellationToken)).Clean().Median.TotalMilliseconds;

    private static List<Row> Report(SizeFigures empty, List<SizeFigures> sizes)
    {
        var rows = new List<Row>();
        rows.AddRange(Flat("start to SERVING", "s", sizes, size => size.StartSeconds.Median()));
        rows.AddRange(Flat("ListJobs, first page", "ms", sizes, size => size.ListMilliseconds.Median()));
        rows.AddRange(Flat("GetJob", "ms", sizes, size => size.GetMilliseconds.Median()));
        var largest = sizes[^1];
        rows.Add(Row.Within(
            $"start to SERVING, {Jobs(largest)}", largest.StartSeconds.Median(), "s", StartGoalSeconds));
        rows.Add(Above(empty, largest, "resident memory (VmRSS)", memory => memory.ResidentMegabytes));
        rows.Add(Above(empty, largest, "proportional memory (PSS)", memory => memory.ProportionalMegabytes));
        return rows;
    }

    private static IEnumerable<Row> Flat(
        string what, string unit, List<SizeFigures> sizes, Func<SizeFigures, double> figure)
    {
        yield return new Row($"{what}, {Jobs(sizes[0])}", Row.Text(figure(sizes[0]), unit));
        foreach (var size in sizes.Skip(1))
        {
            yield return Row.AtMost(
                $"{what}, {Jobs(size)}", figure(size), unit, Jobs(sizes[0]), figure(sizes[0]), FlatGoal);
        }
    }

    private static Row Above(SizeFigures empty, SizeFigures full, string what, Func<ProcessMemory, double> megabytes)
    {
        var above = megabytes(full.Memory!) - megabytes(empty.Memory!);
        return Row.Compared(
            $"{what} after the same reads, {Jobs(full)}", megabytes(full.Memory!), "MB",
            FormattableString.Invariant($"{empty.Jobs} job"), megabytes(empty.Memory!)) with
        {
            Goal = FormattableString.Invariant($"at most {MemoryGoalMegabytes} MB above; it is {above:F0}"),
            Reached = above <= MemoryGoalMegabytes,
        };
    }

    private static string Jobs(SizeFigures size) => FormattableString.Invariant($"{size.Jobs:N0} jobs");
}
