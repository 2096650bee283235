using System.Buffers.Binary;
using System.Net;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Frames;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>GET /v1/jobs/{job_id}/annotatedVideo, with a scripted InferenceService.</summary>
public sealed class AnnotatedVideoTests : IAsyncLifetime
{
    private const int FrameCount = 600;

    private readonly ScriptedInference _inference = new() { FrameCount = FrameCount };
    private readonly List<FrameRange> _asked = [];
    private RunningJobService _service = null!;
    private HttpClient _client = null!;
    private string _jobId = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Address => $"/v1/jobs/{_jobId}/annotatedVideo";

    public async ValueTask InitializeAsync()
    {
        _inference.OnAnnotate = (request, _) =>
        {
            _asked.Add(request.Range);
            return Task.FromResult(PartOf(request));
        };
        _service = await RunningJobService.StartAsync(_inference, ("Listen:HttpPort", "0"));
        _client = new HttpClient { BaseAddress = _service.HttpAddress };
        var request = RunningJobService.Request();
        request.DisplayName = "Gate 7";
        _jobId = (await _service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job.JobId;
        await _service.GetWhenAsync(_jobId, job => job.Status == JobStatus.Completed);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task Get_IsOneHeader_AndTheNumberedFragmentsOfAllParts()
    {
        using var response = await _client.GetAsync(Address, Cancellation);

        var headers = response.Content.Headers;
        Assert.Equal(
            ("video/mp4", "Gate 7.annotated.mp4"),
            (headers.ContentType?.ToString(), headers.ContentDisposition?.FileNameStar));
        Assert.Equal([(0, 250), (250, 500), (500, 600)], _asked.Select(range => (range.StartFrame, range.EndFrame)));
        Assert.Equal(
            ["header", "0 1", "250 2", "500 3"], Read(await response.Content.ReadAsByteArrayAsync(Cancellation)));
    }

    [Fact]
    public async Task Head_MakesNothing()
    {
        using var response = await _client.SendAsync(new HttpRequestMessage(HttpMethod.Head, Address), Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("video/mp4", response.Content.Headers.ContentType?.ToString());
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task PartThatIsTooLarge_IsHalved()
    {
        _inference.OnAnnotate = (request, _) =>
        {
            _asked.Add(request.Range);
            return request.Range.EndFrame - request.Range.StartFrame > 125
                ? throw Failure(ErrorReason.ResultsTooLarge)
                : Task.FromResult(PartOf(request));
        };

        var parts = Read(await _client.GetByteArrayAsync(Address, Cancellation));

        Assert.Equal(["header", "0 1", "125 2", "250 3", "375 4", "500 5"], parts);
    }

    [Theory]
    [InlineData(ErrorReason.InferenceBusy)]
    [InlineData(ErrorReason.InferenceUnavailable)]
    [InlineData(ErrorReason.DecoderLost)]
    public async Task InferenceServiceThatIsBusyForAMoment_EndsNoCopy(ErrorReason reason)
    {
        var failures = 0;
        _inference.OnAnnotate = (request, _) => request.Range.StartFrame == 250 && failures++ < 2
            ? throw Failure(reason)
            : Task.FromResult(PartOf(request));

        Assert.Equal(
            ["header", "0 1", "250 2", "500 3"], Read(await _client.GetByteArrayAsync(Address, Cancellation)));
    }

    [Fact]
    public async Task PartWithoutAnyDecodableFrame_IsLeftOut()
    {
        _inference.OnAnnotate = (request, _) => request.Range.StartFrame == 250
            ? throw Failure(ErrorReason.UndecodableVideo)
            : Task.FromResult(PartOf(request));

        Assert.Equal(["header", "0 1", "500 2"], Read(await _client.GetByteArrayAsync(Address, Cancellation)));
    }

    [Fact]
    public async Task FailureBeforeTheFirstByte_IsJson()
    {
        using var caller = new HttpCaller(_service.HttpAddress);
        _inference.OnAnnotate = (_, _) => throw Failure(ErrorReason.InferenceUnavailable);

        var reply = await caller.GetAsync(Address);

        Assert.Equal((503, ErrorReason.InferenceUnavailable), (reply.Status, reply.ReadError().Reason));
        var offset = await caller.GetAsync($"{Address}?offset=5");
        Assert.Equal((400, ErrorReason.InvalidField), (offset.Status, offset.ReadError().Reason));
    }

    [Fact]
    public async Task JobThatIsNotCompleted_HasNoCopy()
    {
        using var caller = new HttpCaller(_service.HttpAddress);
        _inference.OnRun = (_, _, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);
        var request = RunningJobService.Request();
        request.PipelineId = "ocr_only";
        var job = (await _service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;

        var reply = await caller.GetAsync($"/v1/jobs/{job.JobId}/annotatedVideo");

        Assert.Equal(ErrorReason.ResultsNotReady, reply.ReadError().Reason);
        await _service.Client.CancelJobAsync(new() { JobId = job.JobId }, cancellationToken: Cancellation);
    }

    [Fact]
    public async Task Parts_HaveTheAnalyzedFramesAroundThem()
    {
        var results = Enumerable.Range(0, 9).Select(index => new FrameResult { FrameIndex = index * 100 });

        var parts = await AnnotatedCopies.PartsOf(900, results.ToAsyncEnumerable(), Cancellation)
            .ToListAsync(Cancellation);

        Assert.Equal(
            ["0-250: 0 100 200 300", "250-500: 200 300 400 500", "500-750: 400 500 600 700 800", "750-900: 700 800"],
            parts.Select(part =>
                $"{part.Start}-{part.End}: {string.Join(' ', part.Results.Select(frame => frame.FrameIndex))}"));
    }

    [Fact]
    public async Task Parts_WithLargeResults_AreShorter_AndHaveEveryFrameOnce()
    {
        var text = new string('x', 100_000);
        var results = Enumerable.Range(0, 100).Select(index => new FrameResult
        {
            FrameIndex = index,
            Result = new PipelineResult { Text = text },
        });

        var parts = await AnnotatedCopies.PartsOf(120, results.ToAsyncEnumerable(), Cancellation)
            .ToListAsync(Cancellation);

        Assert.Equal(0, parts[0].Start);
        Assert.Equal(120, parts[^1].End);
        Assert.All(parts.Zip(parts.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        Assert.All(parts, part => Assert.InRange(part.Results.Sum(frame => frame.CalculateSize()), 1, 2_400_000));
    }

    private static InferenceFailedException Failure(ErrorReason reason) =>
        new(new JobFailure(reason, "It failed.")) { RetryAfter = TimeSpan.FromMilliseconds(1) };

    /// <summary>A header, and a moof with its number where FFmpeg writes it, followed by the first frame.</summary>
    private static AnnotateVideoResponse PartOf(AnnotateVideoRequest request)
    {
        var fragment = new byte[28];
        BinaryPrimitives.WriteInt32BigEndian(fragment, fragment.Length);
        "moof"u8.CopyTo(fragment.AsSpan(4));
        BinaryPrimitives.WriteInt32BigEndian(fragment.AsSpan(20), 1);
        BinaryPrimitives.WriteInt32BigEndian(fragment.AsSpan(24), request.Range.StartFrame);
        return new AnnotateVideoResponse
        {
            Header = ByteString.CopyFromUtf8("header"),
            Fragments = ByteString.CopyFrom(fragment),
            Frames = 1,
        };
    }

    /// <summary>The header, and the first frame and the number of each fragment.</summary>
    private static List<string> Read(byte[] copy)
    {
        var parts = new List<string> { System.Text.Encoding.UTF8.GetString(copy, 0, 6) };
        for (var at = 6; at < copy.Length; at += 28)
        {
            parts.Add(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{BinaryPrimitives.ReadInt32BigEndian(copy.AsSpan(at + 24))} "
                + $"{BinaryPrimitives.ReadInt32BigEndian(copy.AsSpan(at + 20))}"));
        }

        return parts;
    }
}
