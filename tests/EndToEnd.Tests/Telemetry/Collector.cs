using System.Globalization;
using System.Net;
using ForegSyte.EndToEnd.Tests.Telemetry.Otlp;
using ForegSyte.Testing;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>A minimal OpenTelemetry collector: receives OTLP over gRPC on a free loopback port.</summary>
public sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    /// <summary>The received spans.</summary>
    public SpanInbox Spans => _app.Services.GetRequiredService<SpanInbox>();

    /// <summary>The received metrics.</summary>
    public MetricInbox Metrics => _app.Services.GetRequiredService<MetricInbox>();

    public string Address => _app.Services.GetRequiredService<IServer>().Features
        .GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();

    /// <summary>Settings with which a service exports its traces and metrics here, with a short delay.</summary>
    public Dictionary<string, string> Settings => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Address,
        ["OTEL_BSP_SCHEDULE_DELAY"] = "20",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
    };

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<SpanInbox>().AddSingleton<MetricInbox>();
        var app = builder.Build();
        app.MapGrpcService<SpanInbox>();
        app.MapGrpcService<MetricInbox>();
        await app.StartAsync();
        return new Collector(app);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>Receives spans.</summary>
public sealed class SpanInbox : TraceService.TraceServiceBase
{
    private const int ErrorStatus = 2;

    private readonly Inbox<ReceivedSpan> _spans = new();

    /// <inheritdoc />
    public override Task<ExportTraceServiceResponse> Export(
        ExportTraceServiceRequest request, ServerCallContext context)
    {
        _spans.Add(
            from resource in request.ResourceSpans
            let service = TextOf(resource.Resource.Attributes, "service.name")
            from scope in resource.ScopeSpans
            from span in scope.Spans
            select Read(service, span));
        return Task.FromResult(new ExportTraceServiceResponse());
    }

    /// <summary>Waits until the received spans meet a condition.</summary>
    /// <exception cref="TimeoutException">They did not; the message lists them.</exception>
    public Task<IReadOnlyList<ReceivedSpan>> WaitForAsync(Func<IReadOnlyList<ReceivedSpan>, bool> isComplete) =>
        _spans.WaitForAsync(isComplete, TraceText.Of);

    private static ReceivedSpan Read(string service, Span span) => new(
        service,
        Hex(span.TraceId),
        Hex(span.SpanId),
        Hex(span.ParentSpanId),
        span.Name,
        DateTimeOffset.UnixEpoch + Time(span.StartTimeUnixNano),
        Time(span.EndTimeUnixNano - span.StartTimeUnixNano),
        span.Status?.Code == ErrorStatus,
        span.Attributes.ToDictionary(attribute => attribute.Key, attribute => TextOf(attribute.Value)));

    private static string TextOf(IEnumerable<KeyValue> attributes, string key) =>
        TextOf(attributes.First(attribute => attribute.Key == key).Value);

    private static string TextOf(AnyValue value) => value.ValueCase switch
    {
        AnyValue.ValueOneofCase.IntValue => value.IntValue.ToString(CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.DoubleValue => value.DoubleValue.ToString(CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        _ => value.StringValue,
    };

    private static TimeSpan Time(ulong nanoseconds) =>
        TimeSpan.FromTicks((long)(nanoseconds / TimeSpan.NanosecondsPerTick));

    private static string Hex(ByteString id) => Convert.ToHexStringLower(id.Span);
}

/// <summary>Receives metrics.</summary>
public sealed class MetricInbox : MetricsService.MetricsServiceBase
{
    private readonly Inbox<Metric> _metrics = new();

    /// <inheritdoc />
    public override Task<ExportMetricsServiceResponse> Export(
        ExportMetricsServiceRequest request, ServerCallContext context)
    {
        _metrics.Add(request.ResourceMetrics
            .SelectMany(resource => resource.ScopeMetrics).SelectMany(scope => scope.Metrics));
        return Task.FromResult(new ExportMetricsServiceResponse());
    }

    /// <summary>Waits for a metric that meets a condition.</summary>
    public Task WaitForAsync(Func<Metric, bool> condition) => _metrics.WaitForAsync(
        metrics => metrics.Any(condition),
        metrics => string.Join('\n', metrics.Select(metric => metric.Name).Distinct()));
}

/// <summary>A received span.</summary>
/// <param name="Service">The resource's service.name.</param>
/// <param name="TraceId">32 hexadecimal digits.</param>
/// <param name="SpanId">16 hexadecimal digits.</param>
/// <param name="ParentId">16 hexadecimal digits; empty for a root.</param>
/// <param name="Name">The name.</param>
/// <param name="Start">The start time.</param>
/// <param name="Duration">The duration.</param>
/// <param name="IsError">Whether its status is ERROR.</param>
/// <param name="Attributes">The attributes as text.</param>
public sealed record ReceivedSpan(
    string Service,
    string TraceId,
    string SpanId,
    string ParentId,
    string Name,
    DateTimeOffset Start,
    TimeSpan Duration,
    bool IsError,
    IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>An attribute; empty if it is missing.</summary>
    public string this[string attribute] => Attributes.GetValueOrDefault(attribute, "");
}

/// <summary>Received items, with a way to wait for more.</summary>
internal sealed class Inbox<T>
{
    private readonly Lock _lock = new();
    private readonly List<T> _all = [];
    private TaskCompletionSource _arrived = NewSignal();

    public void Add(IEnumerable<T> items)
    {
        lock (_lock)
        {
            _all.AddRange(items);
            _arrived.SetResult();
            _arrived = NewSignal();
        }
    }

    /// <summary>Waits until the received items meet a condition.</summary>
    /// <param name="isComplete">The condition.</param>
    /// <param name="describe">Lists the items for the message.</param>
    /// <exception cref="TimeoutException">They did not meet the condition.</exception>
    public async Task<IReadOnlyList<T>> WaitForAsync(
        Func<IReadOnlyList<T>, bool> isComplete, Func<IReadOnlyList<T>, string> describe)
    {
        using var limit = new CancellationTokenSource(Wait.Timeout, TimeProvider.System);
        while (true)
        {
            IReadOnlyList<T> all;
            Task arrived;
            lock (_lock)
            {
                (all, arrived) = ([.. _all], _arrived.Task);
            }

            if (isComplete(all))
            {
                return all;
            }

            try
            {
                await arrived.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The collector received only:\n{describe(all)}");
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
