using System.Diagnostics.Metrics;

namespace ForegSyte.Inference.Metrics;

/// <summary>
/// The metrics of the service, for dotnet-counters or an OpenTelemetry collector. Recording allocates nothing.
/// </summary>
internal sealed class InferenceMetrics : IDisposable
{
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
            "foregsyte.inference.frames", "{frame}", "Frames of finished segments, by outcome.");
        _segmentQueue = Seconds("foregsyte.inference.segment.queue_time", "Time of a call in the queue.");
        _segmentTime = Seconds("foregsyte.inference.segment.duration", "Duration of a segment, by outcome.");
        _stageQueue = Seconds(
            "foregsyte.inference.stage.queue_time",
            "Time that a decoded frame waited for a slot, by its first stage.");
        _stageCompute = Seconds("foregsyte.inference.stage.compute_time", "Time that a stage worked on a frame.");
        _batchSize = _meter.CreateHistogram(
            "foregsyte.inference.batch.size", "{item}", "Images or text lines in one run of a model.", null,
            BatchAdvice);
    }

    /// <summary>Counts the frames of a successful segment.</summary>
    public void CountFrames(int analyzed, int skipped, int failed)
    {
        Count("analyzed", analyzed);
        Count("skipped", skipped);
        Count("failed", failed);
    }

    /// <summary>Records a call's time in the queue, whatever ended it.</summary>
    public void RecordSegmentQueue(TimeSpan time) => _segmentQueue.Record(time.TotalSeconds);

    /// <summary>Records the end of a segment.</summary>
    /// <param name="time">Its duration.</param>
    /// <param name="outcome">"ok", "failed" or "cancelled".</param>
    public void RecordSegment(TimeSpan time, string outcome) =>
        _segmentTime.Record(time.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Records a decoded frame's wait for a slot.</summary>
    public void RecordStageQueue(string stage, TimeSpan time) => _stageQueue.Record(time.TotalSeconds, Stage(stage));

    /// <summary>Records a stage's work on a frame.</summary>
    public void RecordStageCompute(string stage, TimeSpan time) =>
        _stageCompute.Record(time.TotalSeconds, Stage(stage));

    /// <summary>Records the number of images or text lines in one run of a model.</summary>
    public void RecordBatch(string model, int size) =>
        _batchSize.Record(size, new KeyValuePair<string, object?>("model", model));

    /// <summary>Adds the gauges of running segments and queued calls.</summary>
    public void ObserveSegments(Func<int> running, Func<int> waiting)
    {
        _meter.CreateObservableUpDownCounter(
            "foregsyte.inference.segments.running", running, "{segment}", "Running segments.");
        _meter.CreateObservableUpDownCounter(
            "foregsyte.inference.segments.waiting", waiting, "{segment}", "Queued calls.");
    }

    /// <summary>Adds the gauges of the GPU's memory, in bytes.</summary>
    /// <param name="read">Reads used and total memory; null while they are unknown.</param>
    public void ObserveDeviceMemory(Func<(long Used, long Total)?> read)
    {
        _meter.CreateObservableUpDownCounter(
            "foregsyte.inference.device.memory.used",
            () => One(read()?.Used),
            "By",
            "Used memory of the GPU, by all processes.");
        _meter.CreateObservableUpDownCounter(
            "foregsyte.inference.device.memory.limit", () => One(read()?.Total), "By", "Total memory of the GPU.");

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
