using System.Diagnostics.Metrics;

namespace ForegSyte.Jobs.Metrics;

/// <summary>
/// What the service measures of its jobs and of its database, for Prometheus, an OpenTelemetry collector or
/// dotnet-counters. Recording allocates nothing.
/// </summary>
internal sealed class JobMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "ForegSyte.Jobs";

    private static readonly InstrumentAdvice<double> JobSeconds = new()
    {
        HistogramBucketBoundaries =
            [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400],
    };

    private static readonly InstrumentAdvice<double> CommitSeconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    };

    private static readonly InstrumentAdvice<int> CommitChanges = new()
    {
        HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    };

    private readonly Meter _meter;
    private readonly Counter<long> _submitted;
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _wait;
    private readonly Histogram<double> _attempt;
    private readonly Counter<long> _leasesLost;
    private readonly Histogram<int> _commitSize;
    private readonly Histogram<double> _commitTime;

    public JobMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _submitted = _meter.CreateCounter<long>("foregsyte.jobs.submitted", "{job}", "Jobs that were accepted.");
        _ended = _meter.CreateCounter<long>(
            "foregsyte.jobs.ended", "{job}", "Jobs that ended, by status and by the reason of a failure.");
        _duration = Seconds("foregsyte.jobs.duration", "From a job's acceptance to its end, by status.");
        _wait = Seconds("foregsyte.jobs.wait_time", "How long a job that could run waited for its attempt.");
        _attempt = Seconds("foregsyte.jobs.attempt.duration", "How long an attempt took, by how it ended.");
        _leasesLost = _meter.CreateCounter<long>(
            "foregsyte.jobs.leases.lost", "{lease}", "Attempts that ended because their lease was not renewed.");
        _commitSize = _meter.CreateHistogram(
            "foregsyte.jobs.commit.size", "{change}", "Changes that one commit of the database made durable.", null,
            CommitChanges);
        _commitTime = _meter.CreateHistogram(
            "foregsyte.jobs.commit.duration", "s", "How long a commit took.", null, CommitSeconds);
    }

    /// <summary>
    /// Shows a counter that may never count anything: one that is first seen with its first loss would hide that loss
    /// from a rate.
    /// </summary>
    public void Show() => _leasesLost.Add(0);

    /// <summary>A job was accepted.</summary>
    public void CountSubmitted() => _submitted.Add(1);

    /// <summary>A job has reached a terminal status.</summary>
    /// <param name="status">COMPLETED, FAILED or CANCELLED.</param>
    /// <param name="reason">The reason of a failure; empty for none.</param>
    /// <param name="time">Since its acceptance.</param>
    public void RecordEnd(string status, string reason, TimeSpan time)
    {
        _ended.Add(1, new("status", status), new KeyValuePair<string, object?>("reason", reason));
        _duration.Record(time.TotalSeconds, new KeyValuePair<string, object?>("status", status));
    }

    /// <summary>A job's wait for an attempt is over.</summary>
    public void RecordWait(TimeSpan time) => _wait.Record(time.TotalSeconds);

    /// <summary>An attempt has ended.</summary>
    /// <param name="outcome">"completed", "failed", "retried", "cancelled" or "lost".</param>
    /// <param name="time">How long it took.</param>
    public void RecordAttempt(string outcome, TimeSpan time) =>
        _attempt.Record(time.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>A lease was not renewed in time, or its holder is gone.</summary>
    public void CountLostLease() => _leasesLost.Add(1);

    /// <summary>A commit was made.</summary>
    public void RecordCommit(int changes, TimeSpan time)
    {
        _commitSize.Record(changes);
        _commitTime.Record(time.TotalSeconds);
    }

    /// <summary>Shows the numbers that are looked up when somebody collects.</summary>
    public void Observe(JobGauges gauges)
    {
        _meter.CreateObservableGauge(
            "foregsyte.jobs.queue.depth",
            () => gauges.QueueDepth().Select(one =>
                new Measurement<int>(one.Jobs, new KeyValuePair<string, object?>("state", one.State))),
            "{job}", "Pending jobs, by whether they are queued or wait for their back-off.");
        _meter.CreateObservableGauge(
            "foregsyte.jobs.queue.oldest_age", gauges.OldestAge, "s",
            "How long the job has waited that has waited the longest; 0 for none.");
        _meter.CreateObservableGauge("foregsyte.jobs.running", gauges.Running, "{job}", "Jobs that run.");
        _meter.CreateObservableGauge(
            "foregsyte.jobs.inference_services.serving", gauges.Serving, "{service}",
            "InferenceServices that take work.");
        _meter.CreateObservableGauge(
            "foregsyte.jobs.storage.free", gauges.FreeBytes, "By",
            "Free space of the disk with videos and results.");
    }

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();

    private Histogram<double> Seconds(string name, string description) =>
        _meter.CreateHistogram(name, "s", description, null, JobSeconds);
}
