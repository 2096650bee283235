using System.Globalization;
using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Tracing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// Measures decoding and stages of one call. Thread-safe. Frames are processed concurrently, so the parts can add up to
/// more than the duration of the call.
/// </summary>
internal sealed class SegmentMeter(TimeProvider time, InferenceMetrics? metrics = null)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly long _start = time.GetTimestamp();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, StageTime> _stages = [];
    private long _inferenceTicks;
    private long _decodeWaitTicks;
    private long? _decodeEnd;
    private int _frames;
    private long _unsupportedLines;

    /// <summary>Total time in the stages: models with their pre- and postprocessing.</summary>
    public TimeSpan Inference => new(Interlocked.Read(ref _inferenceTicks));

    /// <summary>Total time without any frame in progress: waiting for the decoder.</summary>
    public TimeSpan DecodeWait => new(Interlocked.Read(ref _decodeWaitTicks));

    /// <summary>What is wrong with the results of the call.</summary>
    public IEnumerable<Warning> Warnings =>
        Interlocked.Read(ref _unsupportedLines) is > 0 and var count
            ?
            [
                new Warning
                {
                    Reason = WarningReason.UnsupportedScript,
                    Count = count,
                    Message = string.Create(
                        CultureInfo.InvariantCulture,
                        $"{count} lines of text are left out: the model probably cannot read their script. ")
                        + "docs/models.md lists the scripts that it reads.",
                },
            ]
            : [];

    /// <summary>Counts lines that were left out because of their script.</summary>
    public void AddUnsupportedLines(int count) => Interlocked.Add(ref _unsupportedLines, count);

    /// <summary>A timestamp for one of the Add methods.</summary>
    public long Start() => time.GetTimestamp();

    /// <summary>Adds the time since a timestamp to a stage.</summary>
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

    /// <summary>Records the time since a timestamp as the queue time of a frame.</summary>
    public void AddQueue(long start, string stage) => metrics?.RecordStageQueue(stage, time.GetElapsedTime(start));

    /// <summary>Adds the time since a timestamp to the wait for the decoder.</summary>
    public void AddDecodeWait(long start) => Interlocked.Add(ref _decodeWaitTicks, time.GetElapsedTime(start).Ticks);

    /// <summary>Marks the end of decoding.</summary>
    /// <param name="frames">Number of decoded frames.</param>
    public void EndDecode(int frames) => (_decodeEnd, _frames) = (time.GetTimestamp(), frames);

    /// <summary>
    /// Records decoding and each stage as a span of the current call; a span per frame would cost more than it shows.
    /// Call it when all frames are done.
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
                InferenceTraces.Decode, _startedAt, At(decodeEnd), _frames,
                ("foregsyte.decode.wait_seconds", DecodeWait.TotalSeconds));
        }

        foreach (var (stage, sum) in _stages)
        {
            InferenceTraces.ShowStep(
                InferenceTraces.StagePrefix + stage, At(sum.Start), At(sum.End), sum.Frames,
                ("foregsyte.stage.compute_seconds", sum.Computing.TotalSeconds));
        }
    }

    private DateTimeOffset At(long timestamp) => _startedAt + time.GetElapsedTime(_start, timestamp);

    /// <summary>Time of a stage in the call.</summary>
    /// <param name="Start">Timestamp of its first start.</param>
    /// <param name="End">Timestamp of its last end.</param>
    /// <param name="Frames">Number of processed frames.</param>
    /// <param name="Computing">Total time.</param>
    private readonly record struct StageTime(long Start, long End, int Frames, TimeSpan Computing)
    {
        public StageTime With(long start, long end, TimeSpan elapsed) =>
            new(Math.Min(Start, start), Math.Max(End, end), Frames + 1, Computing + elapsed);
    }
}
