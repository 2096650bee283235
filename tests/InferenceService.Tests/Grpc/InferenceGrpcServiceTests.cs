using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using ProbeVideoRequest = ForegSyte.Inference.V1.ProbeVideoRequest;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>The methods of the contract over a real socket.</summary>
public sealed class InferenceGrpcServiceTests(RunningService service) : IClassFixture<RunningService>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunPipeline_SegmentWithStride_AnswersEachFrameOnceWithItsIndexAndTime()
    {
        File.Copy(RepositoryFiles.Pedestrians, service.Videos.File("people.mp4"), overwrite: true);
        var request = service.Ask("people.mp4");
        request.Range = new FrameRange { StartFrame = 15, EndFrame = 45 };
        request.FrameStride = 10;

        var response = await service.Client.RunPipelineAsync(request, cancellationToken: Cancel);

        Assert.Equal([20, 30, 40], response.Results.Select(result => result.FrameIndex));
        Assert.Equal([2000u, 3000u, 4000u], response.Results.Select(result => result.FrameTimestampMs));
        Assert.Equal(new FrameAccounting { Total = 30, Analyzed = 3, Skipped = 27 }, response.Frames);
        Assert.All(
            response.Results, result => Assert.Contains(result.Result.Detections, found => found.Label == "person"));
        Assert.Equal(ExecutionProvider.Cpu, response.Device.ExecutionProvider);
        Assert.All(
            [response.Timings.Total, response.Timings.Inference, response.Timings.Decode],
            time => Assert.True(time.ToTimeSpan() > TimeSpan.Zero, $"A time is not positive: {response.Timings}"));
    }

    [Fact]
    public async Task ProbeVideo_Video_DescribesIt()
    {
        await Clips.MakeTestPictureAsync(service.Videos.File("probe.mp4"), frames: 30, keyFrameEvery: 10);

        var response = await service.Client.ProbeVideoAsync(
            new ProbeVideoRequest { Video = service.Ask("probe.mp4").Video }, cancellationToken: Cancel);

        Assert.Equal((320, 240, 30), (response.Video.Width, response.Video.Height, response.Video.FrameCount));
        Assert.Equal(TimeSpan.FromSeconds(3), response.Video.Duration.ToTimeSpan());
        Assert.Equal([0, 10, 20], response.KeyFrames);
    }

    [Fact]
    public async Task ListPipelines_AreOrderedById()
    {
        var response = await service.Client.ListPipelinesAsync(new(), cancellationToken: Cancel);

        Assert.Equal(["detect_only", "ocr_only", "yolo_ocr"], response.Pipelines.Select(pipeline => pipeline.Id));
        Assert.Equal("", response.NextPageToken);
        Assert.Equal(
            [new PipelineEdge { FromNode = "detect", ToNode = "read" }], response.Pipelines[2].Edges);
    }

    [Fact]
    public async Task ListPipelines_PageAfterPage_EndsWithoutAToken()
    {
        var first = await service.Client.ListPipelinesAsync(new() { PageSize = 2 }, cancellationToken: Cancel);
        var second = await service.Client.ListPipelinesAsync(
            new() { PageSize = 2, PageToken = first.NextPageToken }, cancellationToken: Cancel);

        Assert.Equal(["detect_only", "ocr_only"], first.Pipelines.Select(pipeline => pipeline.Id));
        Assert.Equal(["yolo_ocr"], second.Pipelines.Select(pipeline => pipeline.Id));
        Assert.Equal("", second.NextPageToken);
    }

    [Theory]
    [InlineData(-1, "", ErrorReason.InvalidField, "page_size")]
    [InlineData(0, "x", ErrorReason.InvalidPageToken, "page_token")]
    public async Task ListPipelines_WrongPage_NamesReasonAndField(
        int size, string token, ErrorReason reason, string field)
    {
        var (seen, failure) = await RunningService.FailureOfAsync(service.Client.ListPipelinesAsync(
            new() { PageSize = size, PageToken = token }, cancellationToken: Cancel));

        Assert.Equal((reason, StatusCode.InvalidArgument), (seen, failure.StatusCode));
        Assert.Equal(field, failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field);
    }

    [Fact]
    public async Task GetServerInfo_HasVersionsModelsAndLimits()
    {
        var response = await service.Client.GetServerInfoAsync(new(), cancellationToken: Cancel);

        var server = response.ServerInfo;
        Assert.Equal("0.1.0", server.Version);
        Assert.Matches(@"^n?\d", server.FfmpegVersion);
        Assert.NotEmpty(server.Models);
        Assert.Equal(DocumentedLimits.Of("InferenceService"), server.Limits.Select(limit => limit.Option));
        var limits = server.Limits.ToDictionary(limit => limit.Option);
        Assert.Equal(
            ("16384", "pixels", ErrorReason.VideoLimitExceeded, "default"), Shown(limits["Video:MaxFrameSidePixels"]));
        Assert.Equal(("2m", "", ErrorReason.InferenceBusy, "default"), Shown(limits["Grpc:MaxWaitTime"]));
        Assert.Equal(("32", "nodes", ErrorReason.Unspecified, ""), Shown(limits["pipeline nodes"]));
        Assert.All(server.Limits, limit => Assert.NotEmpty(limit.Description));

        static (string Value, string Unit, ErrorReason Reason, string Source) Shown(Limit limit) =>
            (limit.Value, limit.Unit, limit.Reason, limit.Source);
    }

    [Fact]
    [Reaches(ErrorReason.InvalidFrameRange)]
    public Task RunPipeline_RangePastTheEnd_IsRefused() => RunPipeline_WrongField_NamesReasonAndField(
        ErrorReason.InvalidFrameRange, StatusCode.InvalidArgument, "range");

    [Fact]
    [Reaches(ErrorReason.NoFrames)]
    public Task RunPipeline_VideoWithoutFrames_IsRefused() => RunPipeline_BadVideo_NamesTheReasonAndNoPath(
        "no frames", ErrorReason.NoFrames, StatusCode.InvalidArgument);

    [Theory]
    [InlineData(ErrorReason.MissingField, StatusCode.InvalidArgument, "pipeline_id")]
    [InlineData(ErrorReason.UnknownPipeline, StatusCode.InvalidArgument, "pipeline_id")]
    [InlineData(ErrorReason.InvalidField, StatusCode.InvalidArgument, "frame_stride")]
    [InlineData(ErrorReason.InvalidField, StatusCode.InvalidArgument, "attempt")]
    [InlineData(ErrorReason.InvalidField, StatusCode.InvalidArgument, "job_id")]
    [InlineData(ErrorReason.InvalidFrameRange, StatusCode.InvalidArgument, "range")]
    [InlineData(ErrorReason.MissingField, StatusCode.InvalidArgument, "video.uri")]
    [InlineData(ErrorReason.UnsupportedUri, StatusCode.InvalidArgument, "video.uri")]
    [InlineData(ErrorReason.SourceNotAllowed, StatusCode.InvalidArgument, "video.uri")]
    public async Task RunPipeline_WrongField_NamesReasonAndField(ErrorReason reason, StatusCode code, string field)
    {
        await Clips.MakeTestPictureAsync(service.Videos.File("fields.mp4"), frames: 5);
        var request = service.Ask("fields.mp4");
        switch (reason, field)
        {
            case (ErrorReason.MissingField, "pipeline_id"): request.PipelineId = ""; break;
            case (ErrorReason.UnknownPipeline, _): request.PipelineId = "none"; break;
            case (_, "frame_stride"): request.FrameStride = -1; break;
            case (_, "attempt"): request.Attempt = -1; break;
            case (_, "job_id"): request.JobId = "a\nb"; break;
            case (_, "range"): request.Range = new FrameRange { StartFrame = 5 }; break;
            case (ErrorReason.MissingField, _): request.Video = null; break;
            case (ErrorReason.UnsupportedUri, _): request.Video.Uri = "ftp://example.org/a.mp4"; break;
            default: request.Video.Uri = "file:///etc/passwd"; break;
        }

        var (seen, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(request, cancellationToken: Cancel));

        Assert.Equal((reason, code), (seen, failure.StatusCode));
        Assert.Equal(field, failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public async Task RunPipeline_JobIdOfAstralCharacters_IsCountedInCodePoints(int length, bool isAccepted)
    {
        await Clips.MakeTestPictureAsync(service.Videos.File("job.mp4"), frames: 1);
        var request = service.Ask("job.mp4");
        request.JobId = string.Concat(Enumerable.Repeat("\U0001F600", length));

        var call = service.Client.RunPipelineAsync(request, cancellationToken: Cancel);

        if (isAccepted)
        {
            Assert.Equal(1, (await call).Frames.Analyzed);
        }
        else
        {
            Assert.Equal(ErrorReason.InvalidField, (await RunningService.FailureOfAsync(call)).Reason);
        }
    }

    [Theory]
    [InlineData("empty", ErrorReason.EmptyVideo, StatusCode.InvalidArgument)]
    [InlineData("text", ErrorReason.NotAnMp4, StatusCode.InvalidArgument)]
    [InlineData("cut", ErrorReason.TruncatedMp4, StatusCode.InvalidArgument)]
    [InlineData("sound", ErrorReason.NoVideoTrack, StatusCode.InvalidArgument)]
    [InlineData("no frames", ErrorReason.NoFrames, StatusCode.InvalidArgument)]
    [InlineData("damaged", ErrorReason.UndecodableVideo, StatusCode.FailedPrecondition)]
    [InlineData("absent", ErrorReason.SourceNotFound, StatusCode.NotFound)]
    public async Task RunPipeline_BadVideo_NamesTheReasonAndNoPath(string video, ErrorReason reason, StatusCode code)
    {
        await MakeBadVideoAsync(video, service.Videos.File($"{video}.mp4"));

        var (seen, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(service.Ask($"{video}.mp4"), cancellationToken: Cancel));

        Assert.Equal((reason, code), (seen, failure.StatusCode));
        Assert.DoesNotContain(service.Videos.Path, failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunPipeline_DamagedVideo_HasTheDecoderLogAndNoPath()
    {
        await MakeBadVideoAsync("damaged", service.Videos.File("said.mp4"));

        var (_, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(service.Ask("said.mp4"), cancellationToken: Cancel));

        var excerpt = failure.GetRpcStatus()!.GetDetail<DebugInfo>()!.Detail;
        Assert.Contains("rror", excerpt, StringComparison.Ordinal);
        Assert.DoesNotContain("said.mp4", excerpt, StringComparison.Ordinal);
        Assert.DoesNotContain("0x", excerpt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunPipeline_FramesLostAndDamaged_MarksThemAndHasTheDecoderOutput()
    {
        var path = await Clips.MakeX264Async(
            service.Videos.File("holes.mp4"), "keyint=20:min-keyint=20:scenecut=0:bframes=0");
        await Mp4Surgery.EraseFramesAsync(path, 25);
        var request = service.Ask("holes.mp4");
        request.Range = new FrameRange { StartFrame = 20, EndFrame = 44 };

        var response = await service.Client.RunPipelineAsync(request, cancellationToken: Cancel);

        Assert.Equal(
            Enumerable.Range(26, 14),
            response.Results.Where(result => result.Damaged).Select(result => result.FrameIndex));
        Assert.Equal((23, 1, 14), (response.Frames.Analyzed, response.Frames.Failed, response.Frames.Damaged));
        Assert.Contains("rror", response.DecoderOutput, StringComparison.Ordinal);
        Assert.DoesNotContain("holes.mp4", response.DecoderOutput, StringComparison.Ordinal);
    }

    private static async Task MakeBadVideoAsync(string video, string path)
    {
        switch (video)
        {
            case "empty":
                await File.WriteAllBytesAsync(path, [], Cancel);
                break;
            case "text":
                await File.WriteAllTextAsync(path, "no video", Cancel);
                break;
            case "cut":
                await Clips.MakeTestPictureAsync(path);
                Mp4Surgery.Truncate(path, new FileInfo(path).Length / 2);
                break;
            case "sound":
                await Clips.MakeAudioOnlyAsync(path);
                break;
            case "no frames":
                await Clips.MakeX264Async(path, "keyint=10", "-movflags", "frag_keyframe+empty_moov");
                Mp4Surgery.Truncate(path, Mp4Surgery.OffsetOf(path, "moof"u8));
                break;
            case "damaged":
                await Clips.MakeIndependentFramesAsync(path, frames: 3);
                await Mp4Surgery.EraseFramesAsync(path, 0, 1, 2);
                break;
        }
    }
}
