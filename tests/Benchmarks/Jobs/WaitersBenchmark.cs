using System.Globalization;
using ForegSyte.Benchmarks.Load;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>Latency of WaitJob after a change, and the cost of many waiting calls.</summary>
internal static class WaitersBenchmark
{
    private const int Jobs = 50;
    private const int WaitersPerJob = 200;
    private const int Changes = 10;
    private const double WakeGoalMilliseconds = 50;
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Time in which all waiting calls reach the service.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    public static async Task MeasureAsync(BenchmarkRun run, JobInputs inputs)
    {
        await using var service = await JobServiceProcess.StartAsync(run.Folder.File("waiters"), run.Cancellation);
        var jobs = new List<Job>();
        for (var i = 0; i < Jobs + Changes; i++)
        {
            jobs.Add((await service.Client.SubmitVideoAsync(
                Calls.SubmitRequest(inputs.VideoPath), cancellationToken: run.Cancellation)).Job);
        }

        using var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        using var channel = GrpcChannel.ForAddress(service.Address, new GrpcChannelOptions { HttpHandler = handler });
        var client = new Contract.JobServiceClient(channel);
        var alone = new List<double>();
        foreach (var job in jobs[Jobs..])
        {
            var waiter = WaitAsync(client, job, 1, run.Cancellation);
            await client.GetJobAsync(new GetJobRequest { JobId = job.JobId }, cancellationToken: run.Cancellation);
            alone.Add(await CancelAsync(client, job, waiter, run.Cancellation));
        }

        var (threadsBefore, memoryBefore) = (Threads(service), service.Memory.Resident);
        var waiting = jobs[..Jobs].ToDictionary(
            job => job, job => WaitAsync(client, job, WaitersPerJob, run.Cancellation));
        var count = Jobs * WaitersPerJob;
        await Task.Delay(Settling, TimeProvider.System, run.Cancellation);
        var (threads, memory) = (Threads(service), service.Memory.Resident);
        if (waiting.Values.Any(waiters => waiters.IsCompleted))
        {
            throw new InvalidOperationException("A WaitJob call returned although its job had not changed.");
        }

        var among = new List<double>();
        foreach (var job in jobs[..Changes])
        {
            among.Add(await CancelAsync(client, job, waiting[job], run.Cancellation));
        }

        run.Rows.AddRange(
        [
            Row.Maximum(
                "WaitJob: from CancelJob to its answer, one waiter", alone.Median(), "ms", WakeGoalMilliseconds),
            Row.Maximum(
                $"WaitJob: from CancelJob to the last answer of {WaitersPerJob} waiters, {count:N0} waiting in total",
                among.Median(), "ms", WakeGoalMilliseconds),
            new Row($"threads of the service with {count:N0} waiting calls", Row.Text(threads, ""))
            {
                Baseline = $"without: {threadsBefore}",
                Ratio = (double)threads / threadsBefore,
            },
            new Row("resident memory per waiting call", Row.Text((memory - memoryBefore) * 1e3 / count, "kB")),
        ]);
    }

    /// <summary>The same with two JobServices that share a PostgreSQL: one waits, the other cancels.</summary>
    public static async Task MeasureOnAnotherNodeAsync(BenchmarkRun run, JobInputs inputs)
    {
        const string What = "WaitJob: from CancelJob on another JobService to its answer, one waiter";
        if ((PostgresServer.MissingReason ?? CephServer.MissingReason) is { } reason)
        {
            run.Rows.Add(new Row(What, $"skipped: {reason}"));
            return;
        }

        await using var postgres = await PostgresServer.StartNewAsync();
        await using var ceph = await CephServer.StartNewAsync();
        var settings = new Dictionary<string, string>(ceph.Settings(await ceph.CreateBucketAsync()))
        {
            ["Store"] = "PostgreSql",
            ["Storage"] = "S3",
            ["PostgreSql:ConnectionString"] = await postgres.CreateDatabaseAsync(),
        };
        await using var one = await StartAsync("one");
        await using var other = await StartAsync("other");
        var times = new List<double>();
        for (var i = 0; i < Jobs; i++)
        {
            var job = (await one.Client.SubmitVideoAsync(
                Calls.SubmitRequest(inputs.VideoPath), cancellationToken: run.Cancellation)).Job;
            var waiter = WaitAsync(one.Client, job, 1, run.Cancellation);
            await one.Client.GetJobAsync(new GetJobRequest { JobId = job.JobId }, cancellationToken: run.Cancellation);
            times.Add(await CancelAsync(other.Client, job, waiter, run.Cancellation));
        }

        run.Rows.Add(Row.Maximum(What, times.Median(), "ms", WakeGoalMilliseconds));
        run.Rows.Add(new Row($"{What}, longest of {Jobs}", Row.Text(times.Max(), "ms")));

        Task<JobServiceProcess> StartAsync(string name) => JobServiceProcess.StartAsync(
            run.Folder.File(name), run.Cancellation, new Dictionary<string, string>(settings) { ["Node:Name"] = name });
    }

    /// <summary>Cancels a job; returns the milliseconds until the last waiter has its answer.</summary>
    private static async Task<double> CancelAsync(
        Contract.JobServiceClient client, Job job, Task waiters, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        await client.CancelJobAsync(new CancelJobRequest { JobId = job.JobId }, cancellationToken: cancellationToken);
        await waiters;
        return TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
    }

    private static Task<WaitJobResponse[]> WaitAsync(
        Contract.JobServiceClient client, Job job, int count, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => client.WaitJobAsync(
            new WaitJobRequest
            {
                JobId = job.JobId,
                Etag = job.Etag,
                Timeout = Duration.FromTimeSpan(WaitTimeout),
            },
            cancellationToken: cancellationToken).ResponseAsync));

    private static int Threads(JobServiceProcess service)
    {
        const string Name = "Threads:";
        var line = File.ReadLines($"/proc/{service.Id}/status").First(
            line => line.StartsWith(Name, StringComparison.Ordinal));
        return int.Parse(line[Name.Length..], NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
    }
}
