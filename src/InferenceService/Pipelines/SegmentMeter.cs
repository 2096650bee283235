using ForegSyte.Inference.Metrics;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// Adds up where the time of one call goes. Safe for several threads. Frames are computed side by side, so that the
/// parts may be more than the call took.
/// </summary>
internal sealed class SegmentMeter(TimeProvider time, InferenceMetrics? metrics = null)
{
    private long _inferenceTicks;
    private long _decodeWaitTicks;

    /// <summary>Time inside the stages, summed: models with their pre- and postprocessing.</summary>
    public TimeSpan Inference => new(Interlocked.Read(ref _inferenceTicks));

    /// <summary>Time during which no frame was there to be computed: all waited for the decoder.</summary>
    public TimeSpan DecodeWait => new(Interlocked.Read(ref _decodeWaitTicks));

    /// <summary>A timestamp to give to one of the Add methods.</summary>
    public long Start() => time.GetTimestamp();

    /// <summary>Counts the time since a timestamp as work of a stage.</summary>
    public void AddInference(long start, string stage)
    {
        var elapsed = time.GetElapsedTime(start);
        Interlocked.Add(ref _inferenceTicks, elapsed.Ticks);
        metrics?.RecordStageCompute(stage, elapsed);
    }

    /// <summary>Counts the time since a timestamp as a frame's wait for its turn.</summary>
    public void AddQueue(long start, string stage) => metrics?.RecordStageQueue(stage, time.GetElapsedTime(start));

    /// <summary>Counts the time since a timestamp as waiting for the decoder.</summary>
    public void AddDecodeWait(long start) => Interlocked.Add(ref _decodeWaitTicks, time.GetElapsedTime(start).Ticks);
}
