using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>Decodes a segment, runs the pipeline over it and puts the answer together.</summary>
internal sealed class SegmentRunner(
    VideoProbe probe,
    FrameSource frames,
    PipelineRunner pipelines,
    InferenceDevice device,
    InferenceMetrics metrics,
    IOptions<GrpcOptions> options,
    TimeProvider timeProvider)
{
    /// <summary>Bytes of an answer beside its results: accounting, device, timings.</summary>
    private const int EnvelopeBytes = 1024;

    /// <summary>Tag and length in front of each result.</summary>
    private const int ResultOverheadBytes = 6;

    /// <summary>Runs one segment.</summary>
    /// <exception cref="ServiceException">
    /// Those of <see cref="VideoProbe.ReadAsync"/>, <see cref="FrameSource.ReadAsync"/> and
    /// <see cref="PipelineRunner.RunAsync"/>; RESULTS_TOO_LARGE as soon as the results pass the limit;
    /// DEADLINE_EXCEEDED past <see cref="GrpcOptions.SegmentTimeLimit"/>.
    /// </exception>
    public async Task<RunPipelineResponse> RunAsync(SegmentRequest request, CancellationToken cancellationToken)
    {
        using var timeLimit = new CancellationTokenSource(options.Value.SegmentTimeLimit, timeProvider);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeLimit.Token);
        var started = timeProvider.GetTimestamp();
        var outcome = "failed";
        try
        {
            var response = await RunToEndAsync(request, started, ending.Token);
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
        finally
        {
            metrics.RecordSegment(timeProvider.GetElapsedTime(started), outcome);
        }
    }

    private async Task<RunPipelineResponse> RunToEndAsync(
        SegmentRequest request, long started, CancellationToken cancellationToken)
    {
        var index = await probe.ReadAsync(request.Path, cancellationToken);
        var decoded = new DecodeMeter();
        var spent = new SegmentMeter(timeProvider, metrics);
        var source = frames.ReadAsync(
            request.Path,
            index,
            request.Range,
            request.Stride,
            request.JobEndFrame,
            request.Pipeline.DecodeSize,
            decoded,
            cancellationToken);
        var response = new RunPipelineResponse { Device = device.Description };
        try
        {
            await CollectAsync(
                pipelines.RunAsync(request.Pipeline, source, spent, cancellationToken), response.Results);
        }
        finally
        {
            spent.ShowSpans();
        }

        response.Frames = decoded.ToAccounting();
        response.Timings = new SegmentTimings
        {
            Decode = spent.DecodeWait.ToDuration(),
            Inference = spent.Inference.ToDuration(),
            Total = timeProvider.GetElapsedTime(started).ToDuration(),
        };
        return response;
    }

    private async Task CollectAsync(IAsyncEnumerable<FrameResult> results, RepeatedField<FrameResult> answer)
    {
        var size = EnvelopeBytes;
        await foreach (var result in results)
        {
            size += result.CalculateSize() + ResultOverheadBytes;
            if (size > options.Value.MaxResponseBytes)
            {
                throw TooLarge(answer.Count, options.Value.MaxResponseBytes);
            }

            answer.Add(result);
        }
    }

    private static ServiceException TooLarge(int framesThatFit, int limitBytes)
    {
        var limit = limitBytes.ToString(CultureInfo.InvariantCulture);
        var fit = framesThatFit.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.ResultsTooLarge,
            $"The results of the segment are larger than {limit} bytes (option Grpc:MaxResponseBytes). The first {fit} "
            + "analyzed frames would have fitted: ask for fewer frames.")
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
