using System.Diagnostics;
using System.Text.Json;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Benchmarks.Load;

/// <summary>The load generator in its own process, so that it is the same for every server.</summary>
internal sealed class LoadProcess : IAsyncDisposable
{
    private readonly ChildProgram _program = ChildProgram.StartOwn("load");

    /// <summary>Runs a load and returns its result.</summary>
    public async Task<LoadResult> RunAsync(LoadOrder order, CancellationToken cancellationToken)
    {
        await _program.WriteLineAsync(JsonSerializer.Serialize(order), cancellationToken);
        return JsonSerializer.Deserialize<LoadResult>(await _program.ReadLineAsync(cancellationToken))!;
    }

    /// <summary>Runs a load and measures the processor time of the server.</summary>
    public async Task<LoadResult> RunAsync(LoadOrder order, int serverProcessId, CancellationToken cancellationToken)
    {
        using var server = Process.GetProcessById(serverProcessId);
        var before = server.TotalProcessorTime;
        var result = await RunAsync(order, cancellationToken);
        server.Refresh();
        return result with { ServerTimePerCall = (server.TotalProcessorTime - before) / Math.Max(1, result.Calls) };
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _program.DisposeAsync();
}

/// <summary>The load generator as a program: reads an order as a line of JSON, answers with a line of JSON.</summary>
internal static class LoadGenerator
{
    /// <summary>Connections to a server; four keep 256 callers below Kestrel's 100 streams per connection.</summary>
    private const int Channels = 4;

    /// <summary>Executes orders until the standard input ends.</summary>
    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await Console.In.ReadLineAsync(cancellationToken) is { } line)
        {
            var order = JsonSerializer.Deserialize<LoadOrder>(line)!;
            Console.WriteLine(JsonSerializer.Serialize(await ExecuteAsync(order)));
        }
    }

    private static async Task<LoadResult> ExecuteAsync(LoadOrder order)
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
            return Summarize(order, callers, budget.Elapsed);
        }
        finally
        {
            channels.ForEach(channel => channel.Dispose());
        }
    }

    private static async Task<CallerResult> CallAsync(Calls calls, int caller, CallBudget budget)
    {
        var result = new CallerResult();
        while (budget.TryTake())
        {
            var start = TimeProvider.System.GetTimestamp();
            try
            {
                var jobId = await calls.MakeAsync(caller);
                result.Took.Add(TimeProvider.System.GetElapsedTime(start));
                if (jobId.Length > 0)
                {
                    result.JobIds.Add((TimeProvider.System.GetTimestamp(), jobId));
                }
            }
            catch (RpcException failure)
            {
                result.Failure = failure.Status.ToString();
                break;
            }
        }

        return result;
    }

    private static LoadResult Summarize(LoadOrder order, CallerResult[] callers, TimeSpan elapsed)
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
            Percentile(took, 0.5), Percentile(took, 0.99));
    }

    private static TimeSpan Percentile(TimeSpan[] sorted, double fraction) =>
        sorted.Length == 0 ? TimeSpan.Zero : sorted[Math.Min(sorted.Length - 1, (int)(fraction * sorted.Length))];

    /// <summary>The calls that may still start, by count and by time; shared by all callers.</summary>
    private sealed class CallBudget(int calls, TimeSpan duration)
    {
        private readonly long _start = TimeProvider.System.GetTimestamp();
        private int _left = calls;

        public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_start);

        public bool TryTake() => Elapsed < duration && Interlocked.Decrement(ref _left) >= 0;
    }

    /// <summary>Results of one caller.</summary>
    private sealed class CallerResult
    {
        /// <summary>Times of the calls that succeeded.</summary>
        public List<TimeSpan> Took { get; } = [];

        /// <summary>Submitted jobs, with the timestamp of the answer.</summary>
        public List<(long Answered, string JobId)> JobIds { get; } = [];

        /// <summary>Status of the failed call; empty if none failed.</summary>
        public string Failure { get; set; } = "";
    }
}

/// <summary>Makes the calls of an order. All callers share one instance.</summary>
internal sealed class Calls
{
    private const int Seed = 11;

    private readonly LoadOrder _order;
    private readonly List<Func<Task<string>>> _byChannel;
    private readonly string[] _jobIds;
    private readonly Random _random = new(Seed);
    private int _next = -1;

    public Calls(LoadOrder order, IReadOnlyList<GrpcChannel> channels)
    {
        _order = order;
        _jobIds = order.Call == CallKind.Get ? File.ReadAllLines(order.JobIdsPath) : [];
        _byChannel = [.. channels.Select(CallOn)];
    }

    /// <summary>Maximum number of calls.</summary>
    public int Limit => _order.EachOnce ? Math.Min(_order.MaxCalls, _jobIds.Length) : _order.MaxCalls;

    /// <summary>Makes one call; callers are spread over the channels by their number.</summary>
    /// <returns>Id of the submitted job; empty for other calls.</returns>
    public Task<string> MakeAsync(int caller) => _byChannel[caller % _byChannel.Count]();

    /// <summary>The request that submits a video.</summary>
    public static SubmitVideoRequest SubmitRequest(string videoPath) => new()
    {
        Content = ByteString.CopyFrom(File.ReadAllBytes(videoPath)),
        PipelineId = "detect_only",
        DisplayName = "benchmark",
    };

    private Func<Task<string>> CallOn(GrpcChannel channel)
    {
        var jobs = new JobService.JobServiceClient(channel);
        switch (_order.Call)
        {
            case CallKind.Submit:
                var submit = SubmitRequest(_order.VideoPath);
                return async () => (await jobs.SubmitVideoAsync(submit)).Job.JobId;
            case CallKind.Get:
                return async () =>
                {
                    await jobs.GetJobAsync(new GetJobRequest { JobId = NextJobId() });
                    return "";
                };
            case CallKind.List:
                return async () =>
                {
                    await jobs.ListJobsAsync(new ListJobsRequest());
                    return "";
                };
            default:
                var invoker = channel.CreateCallInvoker();
                var echo = EchoMethod.Request(_order.RequestBytes, _order.ResponseBytes);
                return async () =>
                {
                    await invoker.AsyncUnaryCall(EchoMethod.Definition, host: null, default(CallOptions), echo);
                    return "";
                };
        }
    }

    private string NextJobId()
    {
        if (_order.EachOnce)
        {
            return _jobIds[Interlocked.Increment(ref _next)];
        }

        lock (_random)
        {
            return _jobIds[_random.Next(_jobIds.Length)];
        }
    }
}
