using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>
/// Tells in the log what OpenTelemetry's SDK tells its own event sources only: that a collector is away, that a
/// variable is wrong. Each kind of problem once in a while, since every send that fails is one.
/// </summary>
internal sealed class TelemetryProblems(ILogger<TelemetryProblems> logger, TimeProvider time)
    : EventListener, IHostedService
{
    private const string Exporters = "OpenTelemetry-Exporter-";
    private const string Sdk = "OpenTelemetry-Sdk";

    /// <summary>Said of every instrument of .NET that nobody asked for.</summary>
    private const string NotAskedFor = "MetricInstrumentIgnored";

    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(string Source, int Event), long> _told = new();

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Sdk || eventSource.Name.StartsWith(Exporters, StringComparison.Ordinal))
        {
            EnableEvents(eventSource, EventLevel.Warning);
        }
    }

    /// <inheritdoc />
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName == NotAskedFor)
        {
            return;
        }

        var kind = (eventData.EventSource.Name, eventData.EventId);
        var now = time.GetTimestamp();
        if (_told.TryGetValue(kind, out var last) && time.GetElapsedTime(last, now) < Silence)
        {
            return;
        }

        _told[kind] = now;
        logger.LogWarning("Telemetry: {Problem}", Text(eventData));
    }

    /// <summary>Without the stack traces that its exceptions have.</summary>
    private static string Text(EventWrittenEventArgs problem)
    {
        var words = problem.Payload?.Select(word => $"{word}".Split('\n')[0]).ToArray() ?? [];
        return string.Format(CultureInfo.InvariantCulture, problem.Message ?? problem.EventName ?? "", words);
    }
}
