using ForegSyte.Client;
using ForegSyte.JobBenchmarks.Parts;
using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Uploads;

/// <summary>
/// Uploads of one large video in turns: a plain copy, a bare server that forgets the parts, one that writes them, and
/// the JobService, which checks them, keeps them through a crash and makes a job.
/// </summary>
internal static class UploadRun
{
    private const double SinkGoal = 0.9;
    private const double MemoryGoalMegabytes = 100;
    private const long WarmUpBytes = 200_000_000;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(15);

    /// <summary>Runs and prints.</summary>
    /// <param name="sizeBytes">Size of the video.</param>
    /// <param name="rounds">How often each has its turn.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>The exit code: 0 if all was measured, goals reached or not.</returns>
    public static async Task<int> RunAsync(long sizeBytes, int rounds, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeLimit);
        var loadBefore = Machine.Load();
        var start = TimeProvider.System.GetTimestamp();
        using var folder = new WorkFolder("bench-uploads");
        var rows = await MeasureAsync(folder, sizeBytes, rounds, limit.Token);

        var machine = Machine.Here();
        var uploads = new UploadOptions();
        Console.WriteLine($"- machine: {machine.Cores} cores, {machine.Processor}; disk {folder.FileSystem}");
        Console.WriteLine(FormattableString.Invariant(
            $"- .NET {Environment.Version}; {uploads.Parallelism} parts of {uploads.PartBytes} bytes at a time"));
        Console.WriteLine($"- load (1, 5, 15 minutes) before: {loadBefore}; after: {Machine.Load()}");
        Console.WriteLine(FormattableString.Invariant($"- medians of {rounds} rounds, ")
            + FormattableString.Invariant($"the run took {TimeProvider.System.GetElapsedTime(start):mm\\:ss}"));
        Console.WriteLine();
        Console.Write(ResultTable.Of(rows));
        return 0;
    }

    private static async Task<IReadOnlyList<Row>> MeasureAsync(
        WorkFolder folder, long sizeBytes, int rounds, CancellationToken cancellationToken)
    {
        await using var forgetful = await BareServerProcess.StartAsync(cancellationToken, "sink", "--port", "0");
        await using var writing = await BareServerProcess.StartAsync(
            cancellationToken, "sink", "--port", "0", "--file", folder.File("sink.mp4"));
        await using var service = await JobServiceProcess.StartAsync(folder.File("data"), cancellationToken);
        UploadTarget[] sinks =
        [
            new("bare gRPC sink that forgets", forgetful.Address, forgetful.Id),
            new("bare gRPC sink that writes, one fsync", writing.Address, writing.Id),
        ];
        var foregSyte = new UploadTarget("upload and SubmitVideo", service.Address, service.Id);
        var idle = service.Memory.PeakMegabytes;
        await Bench.SayAsync("uploads: warming up");
        var small = await BigVideo.MakeAsync(folder.File("small.mp4"), WarmUpBytes, cancellationToken);
        foreach (var target in sinks.Append(foregSyte))
        {
            await target.UploadAsync(small, isMeasured: false, cancellationToken);
        }

        await Bench.SayAsync("uploads: making the video");
        var video = await BigVideo.MakeAsync(folder.File("video.mp4"), sizeBytes, cancellationToken);
        var copies = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            video.Stamp(round);
            copies.Add(await CopyAsync(folder, video));
            foreach (var sink in sinks)
            {
                await sink.UploadAsync(video, isMeasured: true, cancellationToken);
            }

            var jobId = await foregSyte.UploadAsync(video, isMeasured: true, cancellationToken);
            await RemoveAsync(service, jobId, cancellationToken);
            await Bench.SayAsync(FormattableString.Invariant($"uploads, MB/s: copy {copies.Median():F0}, ")
                + string.Join(", ", sinks.Append(foregSyte).Select(target =>
                    FormattableString.Invariant($"{target.Name} {target.MegabytesPerSecond:F0}"))));
        }

        // Read now: the processes end with this method.
        return [.. Report(foregSyte, sinks, copies, idle, service, writing, sizeBytes)];
    }

    private static IEnumerable<Row> Report(
        UploadTarget foregSyte,
        UploadTarget[] sinks,
        List<double> copies,
        double idleMegabytes,
        JobServiceProcess service,
        BareServerProcess writing,
        long sizeBytes)
    {
        var what = FormattableString.Invariant($"{foregSyte.Name}, {sizeBytes / 1e9:G3} GB");
        yield return Row.Compared(
            what, foregSyte.MegabytesPerSecond, "MB/s", "plain copy with fsync", copies.Median());
        foreach (var sink in sinks)
        {
            yield return Row.AtLeast(
                what, foregSyte.MegabytesPerSecond, "MB/s", sink.Name, sink.MegabytesPerSecond, SinkGoal);
        }

        yield return Row.Compared(
            $"{what}: processor time of the server for 1 GB", foregSyte.ServerSecondsPerGigabyte, "s",
            sinks[^1].Name, sinks[^1].ServerSecondsPerGigabyte);
        yield return new Row(
            $"{what}: processor time of the client for 1 GB", Row.Text(foregSyte.ClientSecondsPerGigabyte, "s"));
        var peak = service.Memory.PeakMegabytes;
        yield return Row.Compared(
            $"{what}: most memory of the server (VmHWM)", peak, "MB", "before the first upload", idleMegabytes) with
        {
            Goal = FormattableString.Invariant(
                $"at most {MemoryGoalMegabytes} MB above; it is {peak - idleMegabytes:F0}"),
            Reached = peak - idleMegabytes <= MemoryGoalMegabytes,
        };
        yield return new Row($"{sinks[^1].Name}: its most memory", Row.Text(writing.Memory.PeakMegabytes, "MB"));
    }

    /// <summary>Copies the video as cp does, makes the copy durable, and removes it.</summary>
    /// <returns>MB a second.</returns>
    private static async Task<double> CopyAsync(WorkFolder folder, BigVideo video)
    {
        var copy = folder.File("copy.mp4");
        var start = TimeProvider.System.GetTimestamp();
        await Task.Run(() =>
        {
            File.Copy(video.Path, copy);
            using var handle = File.OpenHandle(copy, access: FileAccess.Write);
            RandomAccess.FlushToDisk(handle);
        });
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        File.Delete(copy);
        return video.SizeBytes / 1e6 / elapsed.TotalSeconds;
    }

    /// <summary>Gives the disk back; a job has to be ended for that.</summary>
    private static async Task RemoveAsync(
        JobServiceProcess service, string jobId, CancellationToken cancellationToken)
    {
        await using var client = new ForegSyteClient(new ForegSyteClientOptions { Address = service.Address });
        await client.CancelJobAsync(jobId, cancellationToken);
        await client.DeleteJobAsync(jobId, cancellationToken);
    }
}
