using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>
/// Logs the warnings of OpenTelemetry's SDK, such as an unreachable collector or an invalid variable, which the SDK
/// only writes to its event sources. Logs each kind at most once per five minutes, because every failed export is an
/// event.
/// </summary>
internal sealed class OpenTelemetryEventLog(ILogger<OpenTelemetryEventLog> logger, TimeProvider time)
    : EventListener, IHostedService
{
    private const string Exporters = "OpenTelemetry-Exporter-";
    private const string Sdk = "OpenTelemetry-Sdk";

    /// <summary>Event for every .NET instrument that is not collected.</summary>
    private const string InstrumentIgnored = "MetricInstrumentIgnored";

    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(string Source, int Event), long> _lastLogged = new();

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
        if (eventData.EventName == InstrumentIgnored)
        {
            return;
        }

        var kind = (eventData.EventSource.Name, eventData.EventId);
        var now = time.GetTimestamp();
        if (_lastLogged.TryGetValue(kind, out var last) && time.GetElapsedTime(last, now) < LogInterval)
        {
            return;
        }

        _lastLogged[kind] = now;
        logger.LogWarning("OpenTelemetry reported a problem: {Problem}", Text(eventData));
    }

    /// <summary>The message without the stack traces of its exceptions.</summary>
    private static string Text(EventWrittenEventArgs problem)
    {
        var words = problem.Payload?.Select(word => $"{word}".Split('\n')[0]).ToArray() ?? [];
        return string.Format(CultureInfo.InvariantCulture, problem.Message ?? problem.EventName ?? "", words);
    }
}
