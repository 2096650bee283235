using System.Diagnostics.Metrics;

namespace ForegSyte.Jobs.Metrics;

/// <summary>The metrics of messages to webhooks.</summary>
internal sealed class WebhookMetrics
{
    /// <summary>The outcome of a try that the receiver accepted.</summary>
    public const string Delivered = "delivered";

    /// <summary>The outcome of a try after which another one follows.</summary>
    public const string Retried = "retried";

    /// <summary>The outcome of a try after which the message is given up.</summary>
    public const string Failed = "failed";

    private readonly Meter _meter;
    private readonly Counter<long> _tries;

    public WebhookMetrics(IMeterFactory meters)
    {
        // The factory owns the meter, which JobMetrics has too.
        _meter = meters.Create(JobMetrics.MeterName);
        _tries = _meter.CreateCounter<long>(
            "foregsyte.jobs.webhooks.tries", "{try}",
            "Tries to send a message to a webhook, by outcome: delivered, retried, or failed for good.");
    }

    /// <summary>
    /// Exports the counter with 0: one that appears with its first failure would hide that failure from a rate.
    /// </summary>
    public void Initialize()
    {
        foreach (var outcome in (string[])[Delivered, Retried, Failed])
        {
            _tries.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        }
    }

    /// <summary>Counts a try.</summary>
    /// <param name="outcome">How it ended: one of the constants.</param>
    public void CountTry(string outcome) => _tries.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Registers the gauges that are read at each collection.</summary>
    /// <param name="pending">Number of messages that are not delivered yet.</param>
    /// <param name="oldestAge">Age of the oldest of them in seconds; 0 for none.</param>
    public void Observe(Func<int> pending, Func<double> oldestAge)
    {
        _meter.CreateObservableGauge(
            "foregsyte.jobs.webhooks.pending", pending, "{message}", "Messages to webhooks that wait for delivery.");
        _meter.CreateObservableGauge(
            "foregsyte.jobs.webhooks.oldest_age", oldestAge, "s",
            "Age of the oldest message to a webhook that waits for delivery; 0 for none.");
    }
}
