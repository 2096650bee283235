using System.Text.Json;
using System.Text.Json.Serialization;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>Who did what. Nothing in it is secret.</summary>
/// <param name="Time">When the call ended.</param>
/// <param name="Caller">Id of the caller; empty where nobody is known.</param>
/// <param name="Tenant">The caller's tenant.</param>
/// <param name="Method">Path of the RPC.</param>
/// <param name="Resource">Id of the job or upload; empty where the call names and makes none.</param>
/// <param name="Outcome">OK, or the reason of the failure.</param>
/// <param name="Peer">Address and port of the other side, or "unix".</param>
internal sealed record AuditRecord(
    DateTimeOffset Time, string Caller, string Tenant, string Method, string Resource, string Outcome, string Peer)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    /// <summary>The record as one line, without its end.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format);
}
