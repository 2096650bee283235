using System.Globalization;
using ForegSyte.JobBenchmarks.Load;
using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>How soon WaitJob tells of a change, and what many waiting calls cost.</summary>
internal sealed class WaitersPart : IBenchmarkPart
{
    private const int Jobs = 50;
    private const int WaitersPerJob = 200;
    private const int Changes = 10;
    private const double WakeGoalMilliseconds = 50;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Parked calls have reached the service when it has been idle for as long.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <inheritdoc />
    public string Name => "waiters";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Row>> RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        await using var service = await JobServiceProcess.StartAsync(bench.Folder.File("waiters"), cancellationToken);
        var jobs = new List<Job>();
        for (var i = 0; i < Jobs + Changes; i++)
        {
            jobs.Add((await service.Client.SubmitVideoAsync(
                Calls.SubmitRequest(bench.VideoPath), cancellationToken: cancellationToken)).Job);
        }

        using var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        using var channel = GrpcChannel.ForAddress(service.Address, new GrpcChannelOptions { HttpHandler = handler });
        var client = new Contract.JobServiceClient(channel);
        var alone = await WakeAsync(client, jobs[Jobs..], waiters: 1, cancellationToken);
        var (threadsBefore, memoryBefore) = (Threads(service), service.Memory.ResidentMegabytes);
        var parked = jobs[..Jobs].ToDictionary(
            job => job, job => Park(client, job, WaitersPerJob, cancellationToken));
        var count = Jobs * WaitersPerJob;
        await Task.Delay(Settling, TimeProvider.System, cancellationToken);
        var (threads, memory) = (Threads(service), service.Memory.ResidentMegabytes);
        if (parked.Values.Any(waiters => waiters.IsCompleted))
        {
            throw new InvalidOperationException("Parked calls were answered without a change.");
        }

        var among = new List<double>();
        foreach (var job in jobs[..Changes])
        {
            among.Add(await CancelAsync(client, job, parked[job], cancellationToken));
        }

        return
        [
            Row.Within(
                "WaitJob: from CancelJob to its answer, one waiter", alone.Median(), "ms", WakeGoalMilliseconds),
            Row.Within(
                $"WaitJob: from CancelJob to the last answer of {WaitersPerJob} waiters, {count:N0} parked in all",
                among.Median(), "ms", WakeGoalMilliseconds),
            new Row(
                $"threads of the service with {count:N0} parked WaitJob calls", Row.Text(threads, ""))
            {
                Baseline = $"with none: {threadsBefore}",
                Ratio = (double)threads / threadsBefore,
            },
            new Row(
                "resident memory for a parked call",
                Row.Text((memory - memoryBefore) * 1e3 / count, "kB")),
        ];
    }

    private static async Task<List<double>> WakeAsync(
        Contract.JobServiceClient client, IReadOnlyList<Job> jobs, int waiters, CancellationToken cancellationToken)
    {
        var milliseconds = new List<double>();
        foreach (var job in jobs)
        {
            var parked = Park(client, job, waiters, cancellationToken);
            await client.GetJobAsync(new GetJobRequest { JobId = job.JobId }, cancellationToken: cancellationToken);
            milliseconds.Add(await CancelAsync(client, job, parked, cancellationToken));
        }

        return milliseconds;
    }

    /// <summary>Milliseconds from the call of CancelJob to the last answer.</summary>
    private static async Task<double> CancelAsync(
        Contract.JobServiceClient client, Job job, Task waiters, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        await client.CancelJobAsync(new CancelJobRequest { JobId = job.JobId }, cancellationToken: cancellationToken);
        await waiters;
        return TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
    }

    private static Task<WaitJobResponse[]> Park(
        Contract.JobServiceClient client, Job job, int count, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => client.WaitJobAsync(
            new WaitJobRequest
            {
                JobId = job.JobId,
                Etag = job.Etag,
                Timeout = Duration.FromTimeSpan(Patience),
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
