using System.Diagnostics.Metrics;

namespace ForegSyte.Jobs.Metrics;

/// <summary>
/// The metrics of jobs and of the database, for Prometheus, an OpenTelemetry collector or dotnet-counters. Recording
/// allocates no memory.
/// </summary>
internal sealed class JobMetrics : IDisposable
{
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
        _submitted = _meter.CreateCounter<long>("foregsyte.jobs.submitted", "{job}", "Accepted jobs.");
        _ended = _meter.CreateCounter<long>(
            "foregsyte.jobs.ended", "{job}", "Ended jobs by status and by the reason of a failure.");
        _duration = Seconds("foregsyte.jobs.duration", "Time from the acceptance of a job to its end, by status.");
        _wait = Seconds("foregsyte.jobs.wait_time", "Time that a runnable job waited for its attempt.");
        _attempt = Seconds("foregsyte.jobs.attempt.duration", "Duration of an attempt, by outcome.");
        _leasesLost = _meter.CreateCounter<long>(
            "foregsyte.jobs.leases.lost", "{lease}", "Attempts that ended because their lease was lost.");
        _commitSize = _meter.CreateHistogram(
            "foregsyte.jobs.commit.size", "{change}", "Changes in one commit of the database.", null,
            CommitChanges);
        _commitTime = _meter.CreateHistogram(
            "foregsyte.jobs.commit.duration", "s", "Duration of a commit.", null, CommitSeconds);
    }

    /// <summary>
    /// Exports the counter of lost leases with 0: a counter that appears with its first loss would hide that loss from
    /// a rate.
    /// </summary>
    public void Initialize() => _leasesLost.Add(0);

    /// <summary>Counts an accepted job.</summary>
    public void CountSubmitted() => _submitted.Add(1);

    /// <summary>Records that a job reached a terminal status.</summary>
    /// <param name="status">COMPLETED, FAILED or CANCELLED.</param>
    /// <param name="reason">The reason of the failure; empty if the job did not fail.</param>
    /// <param name="time">Time since its acceptance.</param>
    public void RecordEnd(string status, string reason, TimeSpan time)
    {
        _ended.Add(1, new("status", status), new KeyValuePair<string, object?>("reason", reason));
        _duration.Record(time.TotalSeconds, new KeyValuePair<string, object?>("status", status));
    }

    /// <summary>Records how long a runnable job waited for its attempt.</summary>
    public void RecordWait(TimeSpan time) => _wait.Record(time.TotalSeconds);

    /// <summary>Records the end of an attempt.</summary>
    /// <param name="outcome">"completed", "failed", "retried", "cancelled" or "lost".</param>
    /// <param name="time">Its duration.</param>
    public void RecordAttempt(string outcome, TimeSpan time) =>
        _attempt.Record(time.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Counts a lease that expired or whose holder crashed.</summary>
    public void CountLostLease() => _leasesLost.Add(1);

    /// <summary>Records a commit.</summary>
    public void RecordCommit(int changes, TimeSpan time)
    {
        _commitSize.Record(changes);
        _commitTime.Record(time.TotalSeconds);
    }

    /// <summary>Registers the gauges that are read at each collection.</summary>
    public void Observe(JobGauges gauges)
    {
        _meter.CreateObservableGauge(
            "foregsyte.jobs.queue.depth",
            () => gauges.QueueDepth().Select(one =>
                new Measurement<int>(one.Jobs, new KeyValuePair<string, object?>("state", one.State))),
            "{job}", "Pending jobs by state: queued or in back-off.");
        _meter.CreateObservableGauge(
            "foregsyte.jobs.queue.oldest_age", gauges.OldestAge, "s",
            "Wait of the oldest runnable job; 0 for none.");
        _meter.CreateObservableGauge("foregsyte.jobs.running", gauges.Running, "{job}", "Running jobs.");
        _meter.CreateObservableGauge(
            "foregsyte.jobs.inference_services.serving", gauges.Serving, "{service}",
            "Serving InferenceServices.");
        _meter.CreateObservableGauge(
            "foregsyte.jobs.storage.free",
            () => gauges.FreeBytes() is { } bytes ? [new Measurement<long>(bytes)] : Array.Empty<Measurement<long>>(),
            "By", "Free disk space for videos and results.");
    }

    /// <summary>Registers the gauges of what tenants store.</summary>
    public void ObserveTenants(
        Func<IEnumerable<(string Tenant, long Jobs)>> jobs,
        Func<IEnumerable<(string Tenant, string Kind, long Bytes)>> stored)
    {
        _meter.CreateObservableGauge(
            "foregsyte.jobs.tenant.jobs",
            () => jobs().Select(one =>
                new Measurement<long>(one.Jobs, new KeyValuePair<string, object?>("tenant", one.Tenant))),
            "{job}", "Jobs in any status by tenant.");
        _meter.CreateObservableGauge(
            "foregsyte.jobs.tenant.stored",
            () => stored().Select(one => new Measurement<long>(
                one.Bytes, new("tenant", one.Tenant), new KeyValuePair<string, object?>("kind", one.Kind))),
            "By", "Size of videos, results and announced uploads by tenant; a video counts once for each job.");
    }

    /// <summary>Registers the gauge of live nodes.</summary>
    public void ObserveNodes(Func<int> live) => _meter.CreateObservableGauge(
        "foregsyte.jobs.nodes.live", live, "{node}", "JobServices whose heartbeats arrive, this one included.");

    /// <summary>Registers the gauge of completed jobs that searches do not find yet.</summary>
    public void ObserveSearch(Func<long> unindexed) => _meter.CreateObservableGauge(
        "foregsyte.jobs.search.unindexed", unindexed, "{job}", "Completed jobs whose tracks are not indexed yet.");

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();

    private Histogram<double> Seconds(string name, string description) =>
        _meter.CreateHistogram(name, "s", description, null, JobSeconds);
}

/// <summary>Sources of the gauges that are read at each collection.</summary>
/// <param name="QueueDepth">Pending jobs by state.</param>
/// <param name="OldestAge">Wait of the oldest runnable job in seconds; 0 for none.</param>
/// <param name="Running">Number of running jobs.</param>
/// <param name="Serving">Number of serving InferenceServices.</param>
/// <param name="FreeBytes">Free disk space for videos and results; null if it is unlimited.</param>
internal sealed record JobGauges(
    Func<IEnumerable<(string State, int Jobs)>> QueueDepth,
    Func<double> OldestAge,
    Func<int> Running,
    Func<int> Serving,
    Func<long?> FreeBytes);
