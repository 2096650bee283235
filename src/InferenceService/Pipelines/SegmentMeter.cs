using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Tracing;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// Adds up where the time of one call goes. Safe for several threads. Frames are computed side by side, so that the
/// parts may be more than the call took.
/// </summary>
internal sealed class SegmentMeter(TimeProvider time, InferenceMetrics? metrics = null)
{
    private readonly DateTimeOffset _begun = time.GetUtcNow();
    private readonly long _start = time.GetTimestamp();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, StageTime> _stages = [];
    private long _inferenceTicks;
    private long _decodeWaitTicks;
    private long? _decodeEnd;
    private int _frames;

    /// <summary>Time inside the stages, summed: models with their pre- and postprocessing.</summary>
    public TimeSpan Inference => new(Interlocked.Read(ref _inferenceTicks));

    /// <summary>Time during which no frame was there to be computed: all waited for the decoder.</summary>
    public TimeSpan DecodeWait => new(Interlocked.Read(ref _decodeWaitTicks));

    /// <summary>A timestamp to give to one of the Add methods.</summary>
    public long Start() => time.GetTimestamp();

    /// <summary>Counts the time since a timestamp as work of a stage.</summary>
    public void AddInference(long start, string stage)
    {
        var end = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(start, end);
        Interlocked.Add(ref _inferenceTicks, elapsed.Ticks);
        lock (_lock)
        {
            _stages[stage] = _stages.TryGetValue(stage, out var sum)
                ? sum.With(start, end, elapsed)
                : new StageTime(start, end, Frames: 1, elapsed);
        }

        metrics?.RecordStageCompute(stage, elapsed);
    }

    /// <summary>Counts the time since a timestamp as a frame's wait for its turn.</summary>
    public void AddQueue(long start, string stage) => metrics?.RecordStageQueue(stage, time.GetElapsedTime(start));

    /// <summary>Counts the time since a timestamp as waiting for the decoder, which has given a frame.</summary>
    public void AddDecodeWait(long start) => Interlocked.Add(ref _decodeWaitTicks, time.GetElapsedTime(start).Ticks);

    /// <summary>The decoder has given its last frame.</summary>
    /// <param name="frames">How many it gave.</param>
    public void EndDecode(int frames) => (_decodeEnd, _frames) = (time.GetTimestamp(), frames);

    /// <summary>
    /// Shows decoding and each stage as a span of the current call: not each frame, whose spans would cost more than
    /// they tell. Call it when all work has ended.
    /// </summary>
    public void ShowSpans()
    {
        if (!InferenceTraces.IsTraced)
        {
            return;
        }

        if (_decodeEnd is { } decodeEnd)
        {
            InferenceTraces.ShowStep(
                InferenceTraces.Decode, _begun, At(decodeEnd), _frames,
                ("foregsyte.decode.wait_seconds", DecodeWait.TotalSeconds));
        }

        foreach (var (stage, sum) in _stages)
        {
            InferenceTraces.ShowStep(
                InferenceTraces.StagePrefix + stage, At(sum.Start), At(sum.End), sum.Frames,
                ("foregsyte.stage.compute_seconds", sum.Computing.TotalSeconds));
        }
    }

    private DateTimeOffset At(long timestamp) => _begun + time.GetElapsedTime(_start, timestamp);

    /// <summary>What a stage did in the call.</summary>
    /// <param name="Start">Timestamp of its first beginning.</param>
    /// <param name="End">Timestamp of its last end.</param>
    /// <param name="Frames">How often it worked.</param>
    /// <param name="Computing">How long, all added up.</param>
    private readonly record struct StageTime(long Start, long End, int Frames, TimeSpan Computing)
    {
        public StageTime With(long start, long end, TimeSpan elapsed) =>
            new(Math.Min(Start, start), Math.Max(End, end), Frames + 1, Computing + elapsed);
    }
}
