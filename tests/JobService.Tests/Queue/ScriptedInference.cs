using ForegSyte.Jobs.Inference;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>An InferenceService that does what a test tells it, segment by segment.</summary>
internal sealed class ScriptedInference : IInferenceClient
{
    private readonly List<RunPipelineRequest> _requests = [];

    /// <summary>The segments that were asked for, in the order of the calls.</summary>
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

    /// <summary>Whether it serves; awaited by the dispatcher.</summary>
    public Func<CancellationToken, Task> Serving { get; set; } = _ => Task.CompletedTask;

    /// <summary>What happens before a probe is answered.</summary>
    public Func<Task> OnProbe { get; set; } = () => Task.CompletedTask;

    /// <summary>What happens before a segment is answered; gets the request and which call this is, from 1.</summary>
    public Func<RunPipelineRequest, int, CancellationToken, Task> OnRun { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>Changes an answer before it is given.</summary>
    public Action<RunPipelineRequest, RunPipelineResponse> Change { get; init; } = (_, _) => { };

    public int ServingCount { get; set; } = 1;

    public int KnownCount => 1;

    /// <summary>The address that it goes by.</summary>
    public Uri Address { get; } = new("http://inference.test:5201");

    public Task WaitUntilServingAsync(CancellationToken cancellationToken) => Serving(cancellationToken);

    public async Task<ProbeVideoResponse> ProbeAsync(Uri video, CancellationToken cancellationToken)
    {
        await OnProbe();
        return new ProbeVideoResponse
        {
            Video = new VideoInfo { FrameCount = FrameCount, Width = 4, Height = 2 },
            KeyFrames = { 0 },
        };
    }

    public async Task<RunPipelineResponse> RunAsync(
        RunPipelineRequest request, Action<Uri> placed, CancellationToken cancellationToken)
    {
        placed(Address);
        int call;
        lock (_requests)
        {
            _requests.Add(request);
            call = _requests.Count;
        }

        await OnRun(request, call, cancellationToken);
        var answer = Answer(request);
        Change(request, answer);
        return answer;
    }

    /// <summary>One detection a frame; every frame that the stride asks for.</summary>
    public static RunPipelineResponse Answer(RunPipelineRequest request)
    {
        var frames =
            Enumerable.Range(request.Range.StartFrame, request.Range.EndFrame - request.Range.StartFrame).ToList();
        var wanted = frames.Where(frame => frame % Math.Max(1, request.FrameStride) == 0).ToList();
        return new RunPipelineResponse
        {
            Results = { wanted.Select(FrameOf) },
            Frames = new FrameAccounting
            {
                Decoded = frames.Count,
                Analyzed = wanted.Count,
                Skipped = frames.Count - wanted.Count,
            },
            Device = new Device { ExecutionProvider = ExecutionProvider.Cpu, Description = "scripted" },
        };
    }

    private static FrameResult FrameOf(int frame) => new()
    {
        FrameIndex = frame,
        FrameTimestampMs = frame * 100,
        Result = new PipelineResult
        {
            Detections =
            {
                new Detection { Label = "person", Confidence = 0.5f, Box = new BoundingBox { Width = 1, Height = 1 } },
            },
        },
    };
}
