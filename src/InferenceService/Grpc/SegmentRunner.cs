using System.Globalization;
using System.Text;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>
/// Runs a segment: reads the index, decodes the frames, runs the pipeline and assembles the response.
/// </summary>
internal sealed class SegmentRunner(
    VideoProbe probe,
    FrameSource frames,
    DecoderSelfTest selfTest,
    PipelineRunner pipelines,
    MemoryBudget memory,
    InferenceDevice device,
    InferenceMetrics metrics,
    IOptions<GrpcOptions> options,
    TimeProvider timeProvider)
{
    /// <summary>Bytes of a response without its results and tracking: accounting, device, version, timings.</summary>
    private const int EnvelopeBytes = 1024;

    /// <summary>
    /// Tag and length of each result, and its mark of damage, which is set at the end; or of each observation.
    /// </summary>
    private const int ResultOverheadBytes = 8;

    /// <summary>Runs one segment.</summary>
    /// <exception cref="ServiceException">
    /// Those of <see cref="VideoProbe.ReadAsync(VideoFile, TimeSpan, CancellationToken)"/>,
    /// <see cref="FrameSource.ReadAsync"/> and <see cref="PipelineRunner.RunAsync"/>; DECODER_UNAVAILABLE instead if
    /// the decoder fails on a good clip too; RESULTS_TOO_LARGE as soon as the results exceed the limit;
    /// DEADLINE_EXCEEDED at <see cref="GrpcOptions.SegmentTimeLimit"/>.
    /// </exception>
    public async Task<RunPipelineResponse> RunAsync(SegmentRequest request, CancellationToken cancellationToken)
    {
        using var timeLimit = new CancellationTokenSource(options.Value.SegmentTimeLimit, timeProvider);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeLimit.Token);
        var started = timeProvider.GetTimestamp();
        var outcome = "failed";
        try
        {
            var response = await RunFetchedAsync(request, started, ending.Token);
            metrics.CountFrames(response.Frames.Analyzed, response.Frames.Skipped, response.Frames.Failed);
            outcome = "ok";
            return response;
        }
        catch (OperationCanceledException) when (
            timeLimit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw AdmissionFailures.SegmentTooLong(options.Value.SegmentTimeLimit);
        }
        catch (OperationCanceledException)
        {
            outcome = "cancelled";
            throw;
        }
        catch (ServiceException failure) when (DecoderSelfTest.Concerns(failure))
        {
            throw await selfTest.JudgeAsync(failure, cancellationToken);
        }
        finally
        {
            metrics.RecordSegment(timeProvider.GetElapsedTime(started), outcome);
        }
    }

    /// <summary>Runs the segment, and once more with the whole file if a part of a remote video did not do.</summary>
    private async Task<RunPipelineResponse> RunFetchedAsync(
        SegmentRequest request, long started, CancellationToken cancellationToken)
    {
        try
        {
            return await RunToEndAsync(request, started, cancellationToken);
        }
        catch (PartialVideoException)
        {
            await request.Video.Remote!.FetchAllAsync(cancellationToken);
            return await RunToEndAsync(request, started, cancellationToken);
        }
    }

    private async Task<RunPipelineResponse> RunToEndAsync(
        SegmentRequest request, long started, CancellationToken cancellationToken)
    {
        try
        {
            var index = await probe.ReadAsync(request.Video, options.Value.MaxWaitTime, cancellationToken);
            var choices = frames.MemoryOf(
                index, request.Range, request.Stride, request.Pipeline.DecodeSize, pipelines.MaxFrames,
                request.Pipeline.KeptFrames);
            var share = await TakeAsync(choices, cancellationToken);
            try
            {
                return await ReadToEndAsync(request, index, share, started, cancellationToken);
            }
            catch (ServiceException failure)
                when (VideoFailures.IsBeyondShare(failure) && share.Memory != choices[0])
            {
                // Once more with as much memory as the video may have; only then it is refused.
                share.Dispose();
                share = await TakeAsync([choices[0]], cancellationToken);
                return await ReadToEndAsync(request, index, share, started, cancellationToken);
            }
            finally
            {
                share.Dispose();
            }
        }
        catch (TimeoutException)
        {
            throw AdmissionFailures.NoMemory(options.Value);
        }
    }

    private async Task<RunPipelineResponse> ReadToEndAsync(
        SegmentRequest request, VideoIndex index, SegmentShare share, long started,
        CancellationToken cancellationToken)
    {
        var frameCounts = new DecodeMeter();
        var timings = new SegmentMeter(timeProvider, metrics);
        var source = frames.ReadAsync(
            request.Video,
            index,
            request.Range,
            request.Stride,
            request.JobEndFrame,
            request.Pipeline.DecodeSize,
            frameCounts,
            share,
            cancellationToken);
        var response = new RunPipelineResponse
        {
            Device = device.Description,
            Tracking = PipelineTracking.WithConfidence(request.Pipeline.Tracking, request.Filter.MinConfidence),
            PipelineVersion = request.Pipeline.Definition.Version,
        };
        int size;
        try
        {
            size = await CollectAsync(
                pipelines.RunAsync(
                    request.Pipeline, request.JobId, source, share.Memory.Frames, timings, request.Filter,
                    request.Sampling, cancellationToken),
                response);
        }
        finally
        {
            timings.ShowSpans();
        }

        foreach (var result in response.Results)
        {
            result.Damaged = frameCounts.IsDamaged(result.FrameIndex);
        }

        response.Frames = frameCounts.ToAccounting();
        response.Frames.Interpolated = response.Results.Count(result => result.Interpolated);
        var output = frameCounts.DecoderOutput;
        var isRoom = Encoding.UTF8.GetByteCount(output) <= options.Value.MaxResponseBytes - size;
        response.DecoderOutput = isRoom ? output : "";
        response.Warnings.Add(timings.Warnings);
        response.Timings = new SegmentTimings
        {
            Decode = timings.DecodeWait.ToDuration(),
            Inference = timings.Inference.ToDuration(),
            Total = timeProvider.GetElapsedTime(started).ToDuration(),
        };
        return response;
    }

    /// <summary>Waits until the memory of the segment is free; under load it runs with less.</summary>
    private async Task<SegmentShare> TakeAsync(
        IReadOnlyList<SegmentMemory> choices, CancellationToken cancellationToken)
    {
        var share = await memory.TakeAsync(
            [.. choices.Select(choice => choice.Bytes)], isBrief: false, options.Value.MaxWaitTime, timeProvider,
            cancellationToken);
        return new SegmentShare(choices[share.Choice], share);
    }

    private async Task<int> CollectAsync(IAsyncEnumerable<AnalyzedFrame> frames, RunPipelineResponse response)
    {
        var size = EnvelopeBytes + (response.Tracking?.CalculateSize() ?? 0);
        await foreach (var frame in frames)
        {
            size += frame.Result.CalculateSize() + ResultOverheadBytes;
            size += frame.Observations is { } found ? found.CalculateSize() + ResultOverheadBytes : 0;
            if (size > options.Value.MaxResponseBytes)
            {
                throw TooLarge(response.Results.Count, options.Value.MaxResponseBytes);
            }

            response.Results.Add(frame.Result);
            if (frame.Observations is { } observations)
            {
                response.Observations.Add(observations);
            }
        }

        return size;
    }

    private static ServiceException TooLarge(int framesThatFit, int limitBytes)
    {
        var limit = limitBytes.ToString(CultureInfo.InvariantCulture);
        var fit = framesThatFit.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.ResultsTooLarge,
            $"The results of the segment exceed the limit of {limit} bytes (option Grpc:MaxResponseBytes). The first "
            + $"{fit} analyzed frames fit: ask for fewer frames, lower Dispatch:SegmentFrames of the JobService, or "
            + "raise the option.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["option"] = "Grpc:MaxResponseBytes",
                ["limit"] = limit,
                ["framesThatFit"] = fit,
            },
        };
    }
}

/// <summary>A valid RunPipelineRequest; the range is checked later, with the number of frames.</summary>
/// <param name="Pipeline">The pipeline to run.</param>
/// <param name="JobId">The job of the segment; empty if unknown.</param>
/// <param name="Video">The video, which the request owns.</param>
/// <param name="Range">The frames; null for all.</param>
/// <param name="Stride">Frame stride; 0 means 1.</param>
/// <param name="JobEndFrame">Frame after the last one that later segments of the job want; 0 if none follow.</param>
/// <param name="Filter">Which findings are wanted.</param>
/// <param name="Sampling">Which frames the models look at; null for all.</param>
internal sealed record SegmentRequest(
    CompiledPipeline Pipeline, string JobId, VideoFile Video, FrameRange? Range, int Stride, int JobEndFrame,
    FrameFilter Filter, SamplingRule? Sampling = null)
    : IDisposable
{
    /// <summary>Maximum length of a job id in characters (code points); the log shows it.</summary>
    public const int MaxJobIdLength = 100;

    /// <summary>Validates a request.</summary>
    /// <exception cref="ServiceException">
    /// MISSING_FIELD, INVALID_FIELD, UNKNOWN_PIPELINE and those of <see cref="VideoSources.OpenAsync"/>.
    /// </exception>
    public static async Task<SegmentRequest> FromAsync(
        RunPipelineRequest request, PipelineCatalogue pipelines, VideoSources sources,
        CancellationToken cancellationToken)
    {
        if (request.PipelineId.Length == 0)
        {
            throw ServiceException.MissingField("pipeline_id", "Set it to an id from ListPipelines.");
        }

        if (request.FrameStride is < 0 or > DecodePlan.MaxStride)
        {
            throw ServiceException.InvalidField(
                "frame_stride", $"frame_stride must be 0 to {DecodePlan.MaxStride}; 0 means 1.", request.FrameStride);
        }

        if (request.Attempt < 0)
        {
            throw ServiceException.InvalidField("attempt", "attempt must be 0 or more.", request.Attempt);
        }

        if (request.JobEndFrame < 0)
        {
            throw ServiceException.InvalidField(
                "job_end_frame", "job_end_frame must be 0 or more.", request.JobEndFrame);
        }

        if (request.JobId.EnumerateRunes().Count() > MaxJobIdLength || request.JobId.Any(char.IsControl))
        {
            throw ServiceException.InvalidField(
                "job_id", $"job_id must have at most {MaxJobIdLength} characters and no control characters.");
        }

        var pipeline = pipelines.Find(request.PipelineId) ?? throw UnknownPipeline(request.PipelineId, pipelines);
        var filter = FilterRules.Check(request.Filter, pipeline);
        return new SegmentRequest(
            pipeline, request.JobId, await sources.OpenAsync(request.Video, cancellationToken), request.Range,
            request.FrameStride, request.JobEndFrame, filter, SamplingOf(request));
    }

    private static SamplingRule? SamplingOf(RunPipelineRequest request)
    {
        if (request.Adaptive is not { } adaptive)
        {
            return null;
        }

        if (adaptive.Step < 1 || adaptive.Step % Math.Max(1, request.FrameStride) != 0)
        {
            throw ServiceException.InvalidField(
                "adaptive.step", "adaptive.step must be a multiple of frame_stride, more than 0.", adaptive.Step);
        }

        return adaptive.Interval >= 1 && adaptive.Interval % adaptive.Step == 0
            ? new SamplingRule(adaptive.Step, adaptive.Interval)
            : throw ServiceException.InvalidField(
                "adaptive.interval", "adaptive.interval must be a multiple of adaptive.step, more than 0.",
                adaptive.Interval);
    }

    /// <inheritdoc />
    public void Dispose() => Video.Dispose();

    private static ServiceException UnknownPipeline(string id, PipelineCatalogue pipelines)
    {
        var known = string.Join(", ", pipelines.All.Select(pipeline => pipeline.Id));
        var failure = ServiceException.ForField(
            ErrorReason.UnknownPipeline, "pipeline_id", $"This server has no such pipeline. It has {known}.", id);
        return new ServiceException(failure.Reason, failure.Message)
        {
            FieldViolations = failure.FieldViolations,
            Metadata = new Dictionary<string, string>(failure.Metadata)
            {
                ["pipelineId"] = ServiceException.Shorten(id),
                ["pipelines"] = string.Join(",", pipelines.All.Select(pipeline => pipeline.Id)),
            },
        };
    }
}
