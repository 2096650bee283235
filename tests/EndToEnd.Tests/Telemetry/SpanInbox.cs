using System.Globalization;
using ForegSyte.EndToEnd.Tests.Telemetry.Otlp;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>Takes spans as a collector does.</summary>
public sealed class SpanInbox : TraceService.TraceServiceBase
{
    private const int ErrorStatus = 2;

    private readonly Arrivals<ReceivedSpan> _spans = new();

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

    /// <summary>Waits until the spans that have arrived are as a test wants them.</summary>
    /// <exception cref="TimeoutException">They never were; names those that arrived.</exception>
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
