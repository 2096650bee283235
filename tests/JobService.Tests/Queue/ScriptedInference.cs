using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Inference;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using GetFrameRequest = ForegSyte.Inference.V1.GetFrameRequest;
using GetFrameResponse = ForegSyte.Inference.V1.GetFrameResponse;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>A fake InferenceService that a test scripts segment by segment.</summary>
internal sealed class ScriptedInference : IInferenceClient
{
    private readonly List<RunPipelineRequest> _requests = [];
    private int _probes;

    /// <summary>Number of received probes.</summary>
    public int Probes => Volatile.Read(ref _probes);

    /// <summary>The received requests in order of the calls.</summary>
    public IReadOnlyList<RunPipelineRequest> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Frames of the video.</summary>
    public int FrameCount { get; init; } = 100;

    /// <summary>Width of the video in pixels.</summary>
    public int Width { get; init; } = 4;

    /// <summary>Height of the video in pixels.</summary>
    public int Height { get; init; } = 2;

    /// <summary>Completes when it serves; the dispatcher awaits it.</summary>
    public Func<CancellationToken, Task> Serving { get; set; } = _ => Task.CompletedTask;

    /// <summary>Frames for each second of the video, evenly spaced.</summary>
    public double FrameRate { get; init; } = 10;

    /// <summary>Pipeline.version of the responses.</summary>
    public string PipelineVersion { get; set; } = "";

    /// <summary>Runs before each response to a probe.</summary>
    public Func<Task> OnProbe { get; set; } = () => Task.CompletedTask;

    /// <summary>Runs before each response to a segment, with the request and the number of the call, from 1.</summary>
    public Func<RunPipelineRequest, int, CancellationToken, Task> OnRun { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>Changes a response before it is returned.</summary>
    public Action<RunPipelineRequest, RunPipelineResponse> Change { get; init; } = (_, _) => { };

    /// <summary>Frames that cannot be decoded.</summary>
    public Func<int, bool> IsLost { get; set; } = _ => false;

    /// <summary>What is wrong with the video as a whole.</summary>
    public IReadOnlyList<Warning> Warnings { get; init; } = [];

    public int ServingCount { get; set; } = 1;

    public int KnownCount => 1;

    public IReadOnlyList<Device> Devices { get; set; } = [];

    public Uri Address { get; } = new("http://inference.test:5201");

    public Task WaitUntilServingAsync(CancellationToken cancellationToken) => Serving(cancellationToken);

    public async Task<ProbeVideoResponse> ProbeAsync(ProbeVideoRequest request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _probes);
        await OnProbe();
        return new ProbeVideoResponse
        {
            Video = new VideoInfo
            {
                FrameCount = FrameCount,
                Width = Width,
                Height = Height,
                FrameRate = FrameRate,
                Duration = TimeSpan.FromSeconds(FrameCount / FrameRate).ToDuration(),
            },
            KeyFrames = { 0 },
            Warnings = { Warnings },
            FrameRanges =
            {
                request.TimeRanges.Select(range => new FrameRange
                {
                    StartFrame = FrameAt(range.Start),
                    EndFrame = range.End is null ? FrameCount : FrameAt(range.End),
                }),
            },
        };

        // The first frame whose time is not before a time.
        int FrameAt(Duration? at) =>
            (int)Math.Min(FrameCount, Math.Ceiling((at?.ToTimeSpan().TotalSeconds ?? 0) * FrameRate));
    }

    /// <summary>Answers each request for a frame.</summary>
    public Func<GetFrameRequest, CancellationToken, Task<GetFrameResponse>> OnFrame { get; set; } =
        (request, _) => Task.FromResult(new GetFrameResponse { FrameIndex = request.FrameIndex });

    public Task<GetFrameResponse> GetFrameAsync(GetFrameRequest request, CancellationToken cancellationToken) =>
        OnFrame(request, cancellationToken);

    /// <summary>Answers AnnotateVideo.</summary>
    public Func<AnnotateVideoRequest, CancellationToken, Task<AnnotateVideoResponse>> OnAnnotate { get; set; } =
        (_, _) => Task.FromResult(new AnnotateVideoResponse());

    public Task<AnnotateVideoResponse> AnnotateAsync(
        AnnotateVideoRequest request, CancellationToken cancellationToken) => OnAnnotate(request, cancellationToken);

    public async Task<RunPipelineResponse> RunAsync(
        RunPipelineRequest request, Action<Uri> onInstance, CancellationToken cancellationToken)
    {
        onInstance(Address);
        int call;
        lock (_requests)
        {
            _requests.Add(request);
            call = _requests.Count;
        }

        await OnRun(request, call, cancellationToken);
        var response = Answer(request);
        response.PipelineVersion = PipelineVersion;
        Lose(response);
        Change(request, response);
        return response;
    }

    /// <summary>A correct response: one detection in every frame that the stride selects.</summary>
    public static RunPipelineResponse Answer(RunPipelineRequest request)
    {
        var frames =
            Enumerable.Range(request.Range.StartFrame, request.Range.EndFrame - request.Range.StartFrame).ToList();
        var selected = frames.Where(frame => frame % Math.Max(1, request.FrameStride) == 0).ToList();
        return new RunPipelineResponse
        {
            Results = { selected.Select(FrameOf) },
            Frames = new FrameAccounting
            {
                Total = frames.Count,
                Analyzed = selected.Count,
                Skipped = frames.Count - selected.Count,
            },
            Device = new Device { ExecutionProvider = ExecutionProvider.Cpu, Description = "scripted" },
        };
    }

    private void Lose(RunPipelineResponse response)
    {
        var lost = response.Results.Where(frame => IsLost(frame.FrameIndex)).ToList();
        foreach (var frame in lost)
        {
            response.Results.Remove(frame);
        }

        if (lost.Count > 0)
        {
            response.Frames.Analyzed -= lost.Count;
            response.Frames.Failed = lost.Count;
            response.Frames.Failures.Add(
                new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = lost.Count });
            response.DecoderOutput = $"VIDEO: {lost.Count} frames from {lost[0].FrameIndex} lost";
        }
    }

    private static FrameResult FrameOf(int frame) => new()
    {
        FrameIndex = frame,
        FrameTimestampMs = (uint)frame * 100,
        Result = new PipelineResult
        {
            Detections =
            {
                new Detection { Label = "person", Confidence = 0.5f, Box = new BoundingBox { Width = 1, Height = 1 } },
            },
        },
    };
}
