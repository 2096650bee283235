using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;
using GetFrameRequest = ForegSyte.V1.GetFrameRequest;
using InferenceFrame = ForegSyte.Inference.V1.GetFrameResponse;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Single frames of jobs, with a scripted InferenceService.</summary>
public sealed class GetFrameRpcTests : IAsyncLifetime
{
    private readonly ScriptedInference _inference = RunningJobService.NotServing();
    private readonly List<ForegSyte.Inference.V1.GetFrameRequest> _asked = [];
    private RunningJobService _service = null!;
    private Job _job = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _inference.OnFrame = (request, _) =>
        {
            _asked.Add(request);
            return Task.FromResult(new InferenceFrame
            {
                Jpeg = ByteString.CopyFromUtf8($"frame {request.FrameIndex}"),
                FrameIndex = request.FrameIndex,
                FrameTimestampMs = 40,
                Width = 3,
                Height = 2,
            });
        };
        _service = await RunningJobService.StartAsync(
            _inference, ("Listen:HttpPort", "0"), ("Frames:MaxRunning", "1"), ("Frames:MaxWaiting", "1"));
        _job = await _service.SubmitAsync();
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task GetFrame_Frame_IsAskedForOnceAndThenRemembered()
    {
        var request = new GetFrameRequest
        {
            JobId = _job.JobId,
            FrameIndex = 7,
            MaxWidth = 160,
            Box = new BoundingBox { X = 1, Y = 2, Width = 3, Height = 4 },
        };

        var first = await _service.Client.GetFrameAsync(request, cancellationToken: Cancellation);
        var second = await _service.Client.GetFrameAsync(request, cancellationToken: Cancellation);

        Assert.Equal("frame 7", first.Jpeg.ToStringUtf8());
        Assert.Equal((7, 40u, 3, 2), (first.FrameIndex, first.FrameTimestampMs, first.Width, first.Height));
        Assert.Equal(first, second);
        var asked = Assert.Single(_asked);
        Assert.Equal((7, 160, request.Box), (asked.FrameIndex, asked.MaxWidth, asked.Box));
        Assert.EndsWith(_job.JobId + ".mp4", asked.Video.Uri, StringComparison.Ordinal);
        request.MaxWidth = 80;
        await _service.Client.GetFrameAsync(request, cancellationToken: Cancellation);
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public async Task GetFrame_JobWithTheSameVideo_SharesThePicture()
    {
        var other = await _service.SubmitAsync();

        await _service.Client.GetFrameAsync(new GetFrameRequest { JobId = _job.JobId, FrameIndex = 1 },
            cancellationToken: Cancellation);
        await _service.Client.GetFrameAsync(new GetFrameRequest { JobId = other.JobId, FrameIndex = 1 },
            cancellationToken: Cancellation);

        Assert.Single(_asked);
    }

    [Fact]
    public async Task GetFrame_OverHttp_IsAPictureWithAnEtag()
    {
        using var caller = new HttpCaller(_service.HttpAddress);
        var path = $"/v1/jobs/{_job.JobId}/frames/0?max_width=160&box.x=1&box.y=2&box.width=30&box.height=40";

        var reply = await caller.GetAsync(path);

        Assert.Equal((200, "frame 0"), (reply.Status, reply.Body));
        Assert.Equal("image/jpeg", reply.Headers["Content-Type"]);
        Assert.Equal("no-cache, private", reply.Headers["Cache-Control"]);
        Assert.Equal(new BoundingBox { X = 1, Y = 2, Width = 30, Height = 40 }, _asked.Single().Box);
        var again = await caller.GetAsync(path, ("If-None-Match", reply.Headers["ETag"]));
        Assert.Equal((304, ""), (again.Status, again.Body));
        Assert.Single(_asked);
    }

    [Fact]
    public async Task GetFrame_MoreCallsThanTheQueue_AreBusy()
    {
        var open = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        _inference.OnFrame = async (request, cancellationToken) =>
        {
            entered.TrySetResult();
            await open.Task.WaitAsync(cancellationToken);
            return new InferenceFrame { FrameIndex = request.FrameIndex };
        };

        var running = Call(1);
        await entered.Task.WaitAsync(Cancellation);
        var (first, second) = (Call(2), Call(3));
        var refused = await Task.WhenAny(first.ResponseAsync, second.ResponseAsync);

        var failure = await Assert.ThrowsAsync<RpcException>(() => refused);
        Assert.Equal("INFERENCE_BUSY", Refusal.Read(failure).Info.Reason);
        open.SetResult();
        await running;
        await (refused == first.ResponseAsync ? second : first);

        AsyncUnaryCall<ForegSyte.V1.GetFrameResponse> Call(int frame) => _service.Client.GetFrameAsync(
            new GetFrameRequest { JobId = _job.JobId, FrameIndex = frame }, cancellationToken: Cancellation);
    }

    [Theory]
    [InlineData(ErrorReason.UndecodableVideo, StatusCode.FailedPrecondition, "UNDECODABLE_VIDEO")]
    [InlineData(ErrorReason.InvalidFrameRange, StatusCode.InvalidArgument, "INVALID_FRAME_RANGE")]
    [InlineData(ErrorReason.SourceNotAllowed, StatusCode.Unavailable, "INFERENCE_UNAVAILABLE")]
    [InlineData(ErrorReason.Unimplemented, StatusCode.Unavailable, "INFERENCE_UNAVAILABLE")]
    [InlineData(ErrorReason.ShuttingDown, StatusCode.Unavailable, "INFERENCE_UNAVAILABLE")]
    public async Task GetFrame_InferenceServiceFails_NamesTheReason(ErrorReason reason, StatusCode code, string text)
    {
        _inference.OnFrame = (_, _) =>
            throw new InferenceFailedException(new JobFailure(
                reason, "It failed.", new Dictionary<string, string> { ["field"] = "frame_index", ["value"] = "9" }));

        var (status, info, _) = await FailureAsync(_job.JobId);

        Assert.Equal((code, text), (status, info.Reason));
    }

    [Fact]
    public async Task GetFrame_VideoIsGone_SaysSo()
    {
        _inference.OnFrame = (_, _) => throw new InferenceFailedException(
            new JobFailure(ErrorReason.SourceNotFound, "No such file."));
        File.Delete(_service.PathOf(ArtifactKeys.Video(Guid.Parse(_job.JobId))));

        var (code, info, _) = await FailureAsync(_job.JobId);

        Assert.Equal((StatusCode.FailedPrecondition, "VIDEO_GONE"), (code, info.Reason));
    }

    [Fact]
    public async Task GetFrame_UnknownJob_IsNotFound()
    {
        var (code, info, _) = await FailureAsync(Guid.NewGuid().ToString());

        Assert.Equal((StatusCode.NotFound, "JOB_NOT_FOUND"), (code, info.Reason));
        Assert.Empty(_asked);
    }

    private async Task<(StatusCode Code, Google.Rpc.ErrorInfo Info, Google.Rpc.Status Status)> FailureAsync(
        string jobId) =>
        await RunningJobService.FailureOfAsync(_service.Client.GetFrameAsync(
            new GetFrameRequest { JobId = jobId, FrameIndex = 9 }, cancellationToken: Cancellation));
}
