namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>A span as the collector got it.</summary>
/// <param name="Service">The resource's service.name.</param>
/// <param name="TraceId">32 hexadecimal digits.</param>
/// <param name="SpanId">16 hexadecimal digits.</param>
/// <param name="ParentId">The same; empty for none.</param>
/// <param name="Name">Its name.</param>
/// <param name="Start">When it began.</param>
/// <param name="Duration">How long it lasted.</param>
/// <param name="IsError">Whether its status is ERROR.</param>
/// <param name="Attributes">Its attributes as text.</param>
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
    /// <summary>An attribute; empty where it is not there.</summary>
    public string this[string attribute] => Attributes.GetValueOrDefault(attribute, "");
}
