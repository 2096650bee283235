using System.Diagnostics;
using System.Threading.Channels;
using ForegSyte.Hosting.Telemetry;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Hosting.Tests.Telemetry;

/// <summary>
/// Metrics and spans of calls, including refused ones. Not parallel: a listener receives the spans of all tests.
/// </summary>
[Collection(nameof(RpcTelemetryTests))]
[CollectionDefinition(nameof(RpcTelemetryTests), DisableParallelization = true)]
public sealed class RpcTelemetryTests : IDisposable
{
    private const string Prefix = "rpc.system.name=grpc,rpc.method=foregsyte.v1.JobService/";

    private readonly ActivityListener _listener = new()
    {
        ShouldListenTo = source => source.Name == "ForegSyte.Hosting",
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
    };

    private readonly Channel<Activity> _spans = Channel.CreateUnbounded<Activity>();

    public RpcTelemetryTests()
    {
        _listener.ActivityStopped = span => _spans.Writer.TryWrite(span);
        ActivitySource.AddActivityListener(_listener);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Calls_OfEachKind_AreMeasuredByMethodAndCode()
    {
        await using var server = await TestServer.StartAsync();
        using var metrics = new RecordedMetrics<RpcMetrics>(server.Services);
        await server.Jobs.SubmitVideoAsync(new(), cancellationToken: Cancellation);
        await Refusal.OfAsync(server.Jobs.GetJobAsync(
            new GetJobRequest { JobId = EchoJobService.MissingJob }, cancellationToken: Cancellation));
        await AssertUnknownMethodAsync(server);

        await metrics.WaitForAsync(RpcMetrics.DurationName, Prefix + "SubmitVideo,rpc.response.status_code=OK");
        await metrics.WaitForAsync(RpcMetrics.DurationName, Prefix + "GetJob,rpc.response.status_code=NOT_FOUND");
        await metrics.WaitForAsync(
            RpcMetrics.DurationName,
            $"rpc.system.name=grpc,rpc.method={RpcTelemetryMiddleware.OtherMethod},"
                + "rpc.response.status_code=UNIMPLEMENTED");
    }

    [Fact]
    public async Task Reads_HaveASpanOnlyInTheCallersTrace()
    {
        await using var server = await TestServer.StartAsync();
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var headers = new Metadata { { "traceparent", $"00-{trace}-b7ad6b7169203331-01" } };
        var job = (await server.Jobs.SubmitVideoAsync(new(), cancellationToken: Cancellation)).Job;
        var request = new GetJobRequest { JobId = job.JobId };
        await server.Jobs.GetJobAsync(request, cancellationToken: Cancellation);
        await server.Jobs.GetJobAsync(request, headers, cancellationToken: Cancellation);
        await Refusal.OfAsync(server.Jobs.GetJobAsync(
            new GetJobRequest { JobId = EchoJobService.MissingJob }, headers, cancellationToken: Cancellation));

        var calls = await NextCallsAsync(3);

        var reads = calls.Where(span => span.TraceId.ToHexString() == trace).ToList();
        Assert.All(reads, span => Assert.Equal("b7ad6b7169203331", span.ParentSpanId.ToHexString()));
        Assert.Equal(
            ["NOT_FOUND", "OK"], reads.Select(span => (string?)span.GetTagItem("rpc.response.status_code")).Order());

        // A missing job is not an error of the server.
        Assert.All(reads, span => Assert.Equal(ActivityStatusCode.Unset, span.Status));
        var submission = Assert.Single(calls.Except(reads));
        Assert.Equal("foregsyte.v1.JobService/SubmitVideo", submission.DisplayName);
        Assert.Equal(submission.Id, job.TraceParent);
    }

    [Theory]
    [InlineData(StatusCode.Unknown, true)]
    [InlineData(StatusCode.DeadlineExceeded, true)]
    [InlineData(StatusCode.Unimplemented, true)]
    [InlineData(StatusCode.Internal, true)]
    [InlineData(StatusCode.Unavailable, true)]
    [InlineData(StatusCode.DataLoss, true)]
    [InlineData(StatusCode.OK, false)]
    [InlineData(StatusCode.NotFound, false)]
    [InlineData(StatusCode.InvalidArgument, false)]
    [InlineData(StatusCode.ResourceExhausted, false)]
    public void IsError_EachCode_IsWhetherTheServerFailed(StatusCode code, bool isError) =>
        Assert.Equal(isError, ServerSpans.IsError(code));

    /// <summary>The next server spans that end.</summary>
    private async Task<List<Activity>> NextCallsAsync(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        var calls = new List<Activity>();
        while (calls.Count < count)
        {
            var span = await _spans.Reader.ReadAsync(limit.Token);
            if (span.Kind == ActivityKind.Server)
            {
                calls.Add(span);
            }
        }

        return calls;
    }

    private static async Task AssertUnknownMethodAsync(TestServer server)
    {
        var method = new Method<GetJobRequest, GetJobResponse>(
            MethodType.Unary, "made.up.Service", "Method",
            Marshallers.Create(Google.Protobuf.MessageExtensions.ToByteArray, GetJobRequest.Parser.ParseFrom),
            Marshallers.Create(Google.Protobuf.MessageExtensions.ToByteArray, GetJobResponse.Parser.ParseFrom));
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await server.Channel.CreateCallInvoker()
            .AsyncUnaryCall(method, host: null, new CallOptions(cancellationToken: Cancellation), new GetJobRequest()));
        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
    }
}
