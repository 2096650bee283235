using System.Diagnostics.Metrics;

namespace ForegSyte.Inference.Metrics;

/// <summary>
/// What the service measures of itself, for dotnet-counters or an OpenTelemetry collector. Recording allocates nothing.
/// </summary>
internal sealed class InferenceMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "ForegSyte.Inference";

    private static readonly InstrumentAdvice<double> SecondsAdvice = new()
    {
        HistogramBucketBoundaries =
            [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900],
    };

    private static readonly InstrumentAdvice<int> BatchAdvice = new()
    {
        HistogramBucketBoundaries = [1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128],
    };

    private readonly Meter _meter;
    private readonly Counter<long> _frames;
    private readonly Histogram<double> _segmentQueue;
    private readonly Histogram<double> _segmentTime;
    private readonly Histogram<double> _stageQueue;
    private readonly Histogram<double> _stageCompute;
    private readonly Histogram<int> _batchSize;

    public InferenceMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _frames = _meter.CreateCounter<long>(
            "foregsyte.inference.frames", "{frame}", "Frames of finished segments, by what became of them.");
        _segmentQueue = Seconds("foregsyte.inference.segment.queue_time", "How long a call waited for its turn.");
        _segmentTime = Seconds("foregsyte.inference.segment.duration", "How long a segment ran, by how it ended.");
        _stageQueue = Seconds(
            "foregsyte.inference.stage.queue_time",
            "How long a decoded frame waited for its turn, by its first stage.");
        _stageCompute = Seconds("foregsyte.inference.stage.compute_time", "How long a stage worked on a frame.");
        _batchSize = _meter.CreateHistogram(
            "foregsyte.inference.batch.size", "{item}", "Pictures or lines in one run of a model.", null, BatchAdvice);
    }

    /// <summary>Counts the frames of a segment that ended well.</summary>
    public void CountFrames(int analyzed, int skipped, int failed)
    {
        Count("analyzed", analyzed);
        Count("skipped", skipped);
        Count("failed", failed);
    }

    /// <summary>A call's wait for its turn has ended, by admission or otherwise.</summary>
    public void RecordSegmentQueue(TimeSpan time) => _segmentQueue.Record(time.TotalSeconds);

    /// <summary>A segment has ended.</summary>
    /// <param name="time">How long it ran.</param>
    /// <param name="outcome">"ok", "failed" or "cancelled".</param>
    public void RecordSegment(TimeSpan time, string outcome) =>
        _segmentTime.Record(time.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>A decoded frame's wait for its turn has ended.</summary>
    public void RecordStageQueue(string stage, TimeSpan time) => _stageQueue.Record(time.TotalSeconds, Stage(stage));

    /// <summary>A stage has worked on a frame.</summary>
    public void RecordStageCompute(string stage, TimeSpan time) =>
        _stageCompute.Record(time.TotalSeconds, Stage(stage));

    /// <summary>A model is run over so many pictures or lines at once.</summary>
    public void RecordBatch(string model, int size) =>
        _batchSize.Record(size, new KeyValuePair<string, object?>("model", model));

    /// <summary>Shows how many segments run and how many calls wait.</summary>
    public void ObserveSegments(Func<int> running, Func<int> waiting)
    {
        _meter.CreateObservableUpDownCounter(
            "foregsyte.inference.segments.running", running, "{segment}", "Segments that run.");
        _meter.CreateObservableUpDownCounter(
            "foregsyte.inference.segments.waiting", waiting, "{segment}", "Calls that wait for their turn.");
    }

    /// <summary>Shows the memory of the device, in bytes.</summary>
    /// <param name="read">Used and total; null while it cannot be known.</param>
    public void ObserveDeviceMemory(Func<(long Used, long Total)?> read)
    {
        _meter.CreateObservableUpDownCounter(
            "foregsyte.inference.device.memory.used",
            () => One(read()?.Used),
            "By",
            "Memory of the GPU that is in use, by all processes.");
        _meter.CreateObservableUpDownCounter(
            "foregsyte.inference.device.memory.limit", () => One(read()?.Total), "By", "Memory of the GPU.");

        static IEnumerable<Measurement<long>> One(long? value) => value is { } known ? [new(known)] : [];
    }

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Stage(string stage) => new("stage", stage);

    private Histogram<double> Seconds(string name, string description) =>
        _meter.CreateHistogram(name, "s", description, null, SecondsAdvice);

    private void Count(string outcome, int frames)
    {
        if (frames > 0)
        {
            _frames.Add(frames, new KeyValuePair<string, object?>("outcome", outcome));
        }
    }
}
