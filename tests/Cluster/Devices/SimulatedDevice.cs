using System.Globalization;
using System.Net;
using ForegSyte.Inference.V1;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ForegSyte.Cluster.Devices;

/// <summary>
/// An InferenceService without models and decoder: it answers each segment after a fixed time, with results that follow
/// from the frame indexes. It measures the JobServices and their stores, never inference.
/// </summary>
internal static class SimulatedDevice
{
    /// <summary>The subcommand that runs it.</summary>
    public const string Role = "device";

    /// <summary>Runs it until it is stopped.</summary>
    /// <param name="address">Address to listen on; the port is free.</param>
    /// <param name="segmentTime">Time for one segment; the device works on one at a time.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task RunAsync(IPAddress address, TimeSpan segmentTime, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(address, 0, listener => listener.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        var health = new HealthServiceImpl();
        health.SetStatus("", HealthCheckResponse.Types.ServingStatus.Serving);
        health.SetStatus(
            InferenceService.Descriptor.FullName, HealthCheckResponse.Types.ServingStatus.Serving);
        builder.Services.AddSingleton(health);
        builder.Services.AddSingleton(new DeviceSchedule(segmentTime, TimeProvider.System));
        await using var app = builder.Build();
        app.MapGrpcService<HealthServiceImpl>();
        app.MapGrpcService<SimulatedInferenceService>();
        await app.StartAsync(cancellationToken);
        await app.WaitForShutdownAsync(cancellationToken);
    }
}

/// <summary>
/// The time of the device. A segment starts when the previous one ends, however late this process is woken, so that a
/// busy machine does not make the device slower.
/// </summary>
internal sealed class DeviceSchedule(TimeSpan segmentTime, TimeProvider time)
{
    private readonly Lock _lock = new();
    private DateTimeOffset _busyUntil;

    /// <summary>Time for one segment.</summary>
    public TimeSpan SegmentTime => segmentTime;

    /// <summary>Works on one segment and returns when.</summary>
    public async Task<(DateTimeOffset Start, DateTimeOffset End)> RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        DateTimeOffset start;
        lock (_lock)
        {
            start = _busyUntil > now ? _busyUntil : now;
            _busyUntil = start + segmentTime;
        }

        await Task.Delay(start + segmentTime - now, time, cancellationToken);
        return (start, start + segmentTime);
    }
}

/// <summary>The calls of a simulated device.</summary>
internal sealed class SimulatedInferenceService(DeviceSchedule schedule) : InferenceService.InferenceServiceBase
{
    /// <summary>Frames of every video.</summary>
    public const int FrameCount = 100;

    private const int Width = 768;
    private const int Height = 576;
    private const int FrameRate = 10;
    private const int KeyFrameInterval = 10;
    private const int MillisecondsPerFrame = 1000 / FrameRate;

    // Connections are shared; it reads only the first bytes of videos.
    private static readonly HttpClient Http = new();

    private static readonly FrameRange WholeVideo = new() { EndFrame = FrameCount };

    private readonly Device _device = new()
    {
        ExecutionProvider = ExecutionProvider.Cpu,
        Description = string.Create(
            CultureInfo.InvariantCulture, $"simulated ({schedule.SegmentTime.TotalMilliseconds} ms a segment)"),
    };

    /// <inheritdoc />
    public override async Task<ProbeVideoResponse> ProbeVideo(ProbeVideoRequest request, ServerCallContext context)
    {
        var response = new ProbeVideoResponse
        {
            Video = new VideoInfo
            {
                Width = Width,
                Height = Height,
                FrameCount = FrameCount,
                FrameRate = FrameRate,
                Duration = Duration.FromTimeSpan(TimeSpan.FromSeconds((double)FrameCount / FrameRate)),
                Codec = "h264",
                SizeBytes = await SizeAsync(new Uri(request.Video.Uri), context.CancellationToken),
                PixelAspectRatio = new PixelAspectRatio { Width = 1, Height = 1 },
            },
        };
        response.KeyFrames.AddRange(
            Enumerable.Range(0, FrameCount / KeyFrameInterval).Select(number => number * KeyFrameInterval));
        return response;
    }

    /// <inheritdoc />
    public override async Task<RunPipelineResponse> RunPipeline(RunPipelineRequest request, ServerCallContext context)
    {
        var range = request.Range ?? WholeVideo;
        var stride = Math.Max(1, request.FrameStride);
        var end = range.EndFrame == 0 ? FrameCount : Math.Min(range.EndFrame, FrameCount);
        var (from, until) = await schedule.RunAsync(context.CancellationToken);
        var response = new RunPipelineResponse
        {
            Device = _device,
            Timings = new SegmentTimings
            {
                Decode = new Duration(),
                Inference = Duration.FromTimeSpan(schedule.SegmentTime),
                Total = Duration.FromTimeSpan(schedule.SegmentTime),
            },
        };
        response.Results.AddRange(Enumerable.Range(range.StartFrame, end - range.StartFrame)
            .Where(frame => frame % stride == 0)
            .Select(ResultOf));
        response.Frames = new FrameAccounting
        {
            Total = end - range.StartFrame,
            Analyzed = response.Results.Count,
            Skipped = end - range.StartFrame - response.Results.Count,
        };
        await Console.Out.WriteLineAsync(new DeviceSegment(
            request.JobId, request.Attempt, range.StartFrame, from, until).ToLine());
        return response;
    }

    /// <inheritdoc />
    public override Task<Inference.V1.GetServerInfoResponse> GetServerInfo(
        Inference.V1.GetServerInfoRequest request, ServerCallContext context) =>
        Task.FromResult(new Inference.V1.GetServerInfoResponse
        {
            ServerInfo = new Inference.V1.ServerInfo { Version = "0.0.0", Device = _device },
        });

    /// <inheritdoc />
    public override Task<Inference.V1.ListPipelinesResponse> ListPipelines(
        Inference.V1.ListPipelinesRequest request, ServerCallContext context) =>
        Task.FromResult(new Inference.V1.ListPipelinesResponse());

    /// <summary>One walking person, whose place follows from the frame.</summary>
    private static FrameResult ResultOf(int frame) => new()
    {
        FrameIndex = frame,
        FrameTimestampMs = (uint)(frame * MillisecondsPerFrame),
        Result = new PipelineResult
        {
            Detections =
            {
                new Detection
                {
                    Label = "person",
                    Confidence = 0.5f + (frame % 50 / 100f),
                    Box = new BoundingBox { X = frame * 5, Y = 100, Width = 60, Height = 120 },
                },
            },
        },
    };

    /// <summary>Reads the size of the video as a decoder would, so that unreadable videos are noticed.</summary>
    private static async Task<long> SizeAsync(Uri video, CancellationToken cancellationToken)
    {
        try
        {
            if (video.IsFile)
            {
                await using var file = File.OpenRead(video.LocalPath);
                return file.Length;
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, video);
            request.Headers.Range = new System.Net.Http.Headers.RangeHeaderValue(0, 15);
            using var response = await Http.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            return response.Content.Headers.ContentRange?.Length ?? response.Content.Headers.ContentLength ?? 0;
        }
        catch (HttpRequestException failure)
            when (failure.StatusCode is null or >= System.Net.HttpStatusCode.InternalServerError)
        {
            var status = new Google.Rpc.Status { Code = (int)StatusCode.Unavailable, Message = failure.Message };
            status.Details.Add(Any.Pack(new ErrorInfo
            {
                Domain = ErrorReasons.Domain,
                Reason = ErrorReason.SourceUnavailable.ToText(),
            }));
            throw status.ToRpcException();
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or UnauthorizedAccessException)
        {
            throw new RpcException(
                new Grpc.Core.Status(StatusCode.NotFound, $"The video cannot be read: {failure.Message}"));
        }
    }
}

/// <summary>A finished segment, as a device prints it.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Attempt">Its attempt.</param>
/// <param name="StartFrame">First frame of the segment.</param>
/// <param name="Start">When the device began with it.</param>
/// <param name="End">When it ended.</param>
internal sealed record DeviceSegment(
    string JobId, int Attempt, int StartFrame, DateTimeOffset Start, DateTimeOffset End)
{
    private const string Mark = "segment";

    /// <summary>The line that the device prints.</summary>
    public string ToLine() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Mark} {JobId} {Attempt} {StartFrame} {Start.ToUnixTimeMilliseconds()} {End.ToUnixTimeMilliseconds()}");

    /// <summary>The segments in the output of a device.</summary>
    public static IEnumerable<DeviceSegment> In(string output) =>
        from line in output.Split('\n')
        let words = line.Split(' ')
        where words is [Mark, _, _, _, _, _]
        let numbers = words.Skip(2).Select(word => long.Parse(word, CultureInfo.InvariantCulture)).ToArray()
        select new DeviceSegment(
            words[1], (int)numbers[0], (int)numbers[1], DateTimeOffset.FromUnixTimeMilliseconds(numbers[2]),
            DateTimeOffset.FromUnixTimeMilliseconds(numbers[3]));
}
