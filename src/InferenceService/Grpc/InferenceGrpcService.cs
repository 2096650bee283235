using ForegSyte.Hosting;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Health;
using ForegSyte.Hosting.Paging;
using ForegSyte.Hosting.Starting;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Tracing;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using ErrorReason = ForegSyte.V1.ErrorReason;

namespace ForegSyte.Inference.Grpc;

/// <summary>The gRPC methods of the InferenceService.</summary>
internal sealed class InferenceGrpcService(
    SegmentRunner segments,
    FramePictures pictures,
    AnnotatedParts copies,
    VideoProbe probe,
    VideoSources sources,
    PipelineCatalogue pipelines,
    InferenceDevice device,
    DecoderStartupCheck decoders,
    DecoderSelfTest selfTest,
    DecoderTools tools,
    ServerLimits limits,
    ServiceStart start,
    CallLimits calls,
    Readiness readiness,
    GracefulShutdown stop,
    IOptions<GrpcOptions> options,
    ILogger<InferenceGrpcService> logger) : V1.InferenceService.InferenceServiceBase
{
    /// <inheritdoc />
    [LongPoll]
    public override async Task<RunPipelineResponse> RunPipeline(RunPipelineRequest request, ServerCallContext context)
    {
        using var scope = logger.BeginScope(
            new Dictionary<string, object> { ["job_id"] = request.JobId, ["attempt"] = request.Attempt });
        ThrowIfNotServing();
        using var segment = await SegmentRequest.FromAsync(request, pipelines, sources, context.CancellationToken);
        InferenceTraces.Mark(request.JobId, request.Attempt);
        InferenceTraces.MarkFrames(request.Range?.StartFrame ?? 0, request.Range?.EndFrame ?? 0);
        using var slot = await AdmitAsync(request.JobId, context);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stop.GraceOver);
        try
        {
            var response = await segments.RunAsync(segment, cancel.Token);
            logger.LogInformation(
                "Segment analyzed for job {JobId} (attempt {Attempt}, pipeline {Pipeline}): {Analyzed} of {Frames} "
                + "frames in {Total}",
                request.JobId,
                request.Attempt,
                request.PipelineId,
                response.Frames.Analyzed,
                response.Frames.Total,
                response.Timings.Total.ToTimeSpan());
            return response;
        }
        catch (OperationCanceledException) when (IsStoppedByService(context))
        {
            throw GracefulShutdown.ToException();
        }
    }

    /// <inheritdoc />
    public override async Task<ProbeVideoResponse> ProbeVideo(ProbeVideoRequest request, ServerCallContext context)
    {
        stop.ThrowIfStopping();
        selfTest.ThrowIfFailing();
        TimeRanges.Check(request.TimeRanges);
        using var slot = calls.EnterProbe();
        using var video = await sources.OpenAsync(request.Video, context.CancellationToken);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stop.GraceOver);
        try
        {
            var index = await probe.ReadAsync(video, options.Value.MaxWaitTime, cancel.Token);
            return new ProbeVideoResponse
            {
                Video = index.Info,
                KeyFrames = { Thin([.. index.KeyFrames], options.Value.MaxKeyFrames) },
                Warnings = { index.Warnings },
                FrameRanges = { request.TimeRanges.Select(range => TimeRanges.FramesOf(index, range)) },
            };
        }
        catch (ServiceException failure) when (DecoderSelfTest.Concerns(failure))
        {
            throw await selfTest.JudgeAsync(failure, cancel.Token);
        }
        catch (TimeoutException)
        {
            throw AdmissionFailures.NoMemory(options.Value);
        }
        catch (OperationCanceledException) when (IsStoppedByService(context))
        {
            throw GracefulShutdown.ToException();
        }
    }

    /// <inheritdoc />
    public override async Task<GetFrameResponse> GetFrame(GetFrameRequest request, ServerCallContext context)
    {
        stop.ThrowIfStopping();
        selfTest.ThrowIfFailing();
        FramePictures.Check(request);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stop.GraceOver);
        try
        {
            using var slot = await calls.EnterFrameAsync(cancel.Token);
            using var video = await sources.OpenAsync(request.Video, cancel.Token);
            return await pictures.ReadAsync(video, request, cancel.Token);
        }
        catch (OperationCanceledException) when (IsStoppedByService(context))
        {
            throw GracefulShutdown.ToException();
        }
    }

    /// <inheritdoc />
    [LongPoll]
    public override async Task<AnnotateVideoResponse> AnnotateVideo(
        AnnotateVideoRequest request, ServerCallContext context)
    {
        stop.ThrowIfStopping();
        selfTest.ThrowIfFailing();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stop.GraceOver);
        try
        {
            using var slot = await calls.EnterCopyAsync(cancel.Token);
            using var video = await sources.OpenAsync(request.Video, cancel.Token);
            return await copies.DrawAsync(video, request, cancel.Token);
        }
        catch (ServiceException failure) when (DecoderSelfTest.Concerns(failure))
        {
            throw await selfTest.JudgeAsync(failure, cancel.Token);
        }
        catch (OperationCanceledException) when (IsStoppedByService(context))
        {
            throw GracefulShutdown.ToException();
        }
    }

    /// <inheritdoc />
    public override Task<ListPipelinesResponse> ListPipelines(
        ListPipelinesRequest request, ServerCallContext context)
    {
        var (page, nextPageToken) = ListPage.Of(
            nameof(ListPipelines), pipelines.All, pipeline => pipeline.Id, request.PageSize, request.PageToken);
        return Task.FromResult(new ListPipelinesResponse { Pipelines = { page }, NextPageToken = nextPageToken });
    }

    /// <inheritdoc />
    public override Task<GetServerInfoResponse> GetServerInfo(
        GetServerInfoRequest request, ServerCallContext context) =>
        Task.FromResult(new GetServerInfoResponse
        {
            ServerInfo = new ServerInfo
            {
                Version = ServiceVersion.Text,
                Device = device.Description,
                Models = { pipelines.Models },
                FfmpegVersion = decoders.FfmpegVersion,
                Limits = { limits.All },
                Sandbox = new Sandbox
                {
                    Level = tools.Sandbox.Level,
                    Measures = { tools.Sandbox.Measures },
                },
                StartedAt = start.StartedAt.ToTimestamp(),
                ConfigurationSources = { start.ConfigurationSources },
            },
        });

    /// <summary>Waits for a slot; the wait ends when the service stops.</summary>
    private async Task<IDisposable> AdmitAsync(string job, ServerCallContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stop.Stopping);
        using var wait = InferenceTraces.StartStep(InferenceTraces.Queue);
        try
        {
            return await calls.Segments.EnterAsync(job, context.Deadline, ending.Token);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw GracefulShutdown.ToException();
        }
    }

    private bool IsStoppedByService(ServerCallContext context) =>
        stop.GraceOver.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested;

    private void ThrowIfNotServing()
    {
        stop.ThrowIfStopping();
        selfTest.ThrowIfFailing();
        if (!readiness.IsReady)
        {
            throw new ServiceException(
                ErrorReason.InferenceUnavailable,
                "The service is starting, and its models are not ready yet. Retry after the retry delay.")
            {
                RetryAfter = options.Value.BusyRetryDelay,
            };
        }
    }

    /// <summary>Every entry, or every n-th from the first if the response allows fewer.</summary>
    private static IEnumerable<int> Thin(List<int> keyFrames, int maxEntries)
    {
        var step = Math.Max(1, (keyFrames.Count + maxEntries - 1) / maxEntries);
        for (var entry = 0; entry < keyFrames.Count; entry += step)
        {
            yield return keyFrames[entry];
        }
    }
}
