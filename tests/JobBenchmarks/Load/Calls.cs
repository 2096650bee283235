using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.JobBenchmarks.Load;

/// <summary>Makes the calls of an order. One instance serves all callers.</summary>
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
        _byChannel = [.. channels.Select(Of)];
    }

    /// <summary>Most calls that the order allows.</summary>
    public int Limit => _order.EachOnce ? Math.Min(_order.MaxCalls, _jobIds.Length) : _order.MaxCalls;

    /// <summary>Makes one call.</summary>
    /// <param name="caller">Callers are spread over the channels by their number.</param>
    /// <returns>The id of the job that the call made; empty where it made none.</returns>
    public Task<string> MakeAsync(int caller) => _byChannel[caller % _byChannel.Count]();

    /// <summary>The request that submits a video.</summary>
    public static SubmitVideoRequest SubmitRequest(string videoPath) => new()
    {
        Content = ByteString.CopyFrom(File.ReadAllBytes(videoPath)),
        PipelineId = "detect_only",
        DisplayName = "benchmark",
    };

    private Func<Task<string>> Of(GrpcChannel channel)
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
