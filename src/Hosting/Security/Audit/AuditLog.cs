using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Listening;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>
/// Records who did what: each call that changes something and each refused call. Writes to the log category
/// <see cref="Category"/> and to <see cref="AuditFile"/>. Without authentication there are no callers to name, and only
/// the file is written.
/// </summary>
internal sealed class AuditLog(AuditFile file, AccessRules rules, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>Log category of audit lines.</summary>
    public const string Category = "ForegSyte.Audit";

    private readonly ILogger _logger = loggers.CreateLogger(Category);

    /// <summary>Records a call that authentication or authorization refused.</summary>
    public void Denied(HttpContext call, ServiceException refusal) =>
        Write(call, resource: "", refusal.ReasonText, LogLevel.Warning);

    /// <summary>Records the end of a call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="resource">Id of the job or upload; empty for none.</param>
    /// <param name="outcome">OK, or the reason of the error.</param>
    public void Ended(HttpContext call, string resource, string outcome) =>
        Write(call, resource, outcome, LogLevel.Information);

    private void Write(HttpContext call, string resource, string outcome, LogLevel level)
    {
        if (rules.IsOpen && !file.IsUsed)
        {
            return;
        }

        var caller = call.FindCaller();
        var record = new AuditRecord(
            time.GetUtcNow(), caller?.Id ?? "", caller?.Tenant ?? "", call.RpcMethod(), resource, outcome,
            PeerOf(call));
        file.Append(record);
        if (!rules.IsOpen)
        {
            _logger.Log(
                level,
                "{Outcome} {Method} {Resource} by {Caller} of {Tenant} at {Peer}",
                record.Outcome, record.Method, record.Resource, record.Caller, record.Tenant, record.Peer);
        }
    }

    private static string PeerOf(HttpContext call) => call.Features.Get<LocalConnection>() is not null
        ? "unix"
        : string.Create(
            CultureInfo.InvariantCulture, $"{call.Connection.RemoteIpAddress}:{call.Connection.RemotePort}");
}

/// <summary>A line of the audit log. It contains no secret.</summary>
/// <param name="Time">End of the call.</param>
/// <param name="Caller">Id of the caller; empty if unknown.</param>
/// <param name="Tenant">Tenant of the caller.</param>
/// <param name="Method">Path of the RPC.</param>
/// <param name="Resource">Id of the job or upload; empty for none.</param>
/// <param name="Outcome">OK, or the reason of the error.</param>
/// <param name="Peer">Address and port of the client, or "unix".</param>
internal sealed record AuditRecord(
    DateTimeOffset Time, string Caller, string Tenant, string Method, string Resource, string Outcome, string Peer)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    /// <summary>The record as one line of JSON, without line break.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format);
}
