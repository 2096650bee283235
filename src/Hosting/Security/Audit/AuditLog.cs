using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Listening;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>
/// Writes down who did what: a line for each call that changes something and for each that is refused. To the log under
/// the category <see cref="Category"/>, and to a file of its own where one is named. Where everyone is let in there is
/// nobody to name, and only the file is written.
/// </summary>
internal sealed class AuditLog(AuditFile file, AccessRules rules, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>Category of the lines in the log.</summary>
    public const string Category = "ForegSyte.Audit";

    private readonly ILogger _logger = loggers.CreateLogger(Category);

    /// <summary>A call was refused before it was looked at.</summary>
    public void Denied(HttpContext call, ServiceException refusal) =>
        Write(call, resource: "", refusal.ReasonText, LogLevel.Warning);

    /// <summary>A call that changes something has ended.</summary>
    /// <param name="call">The call.</param>
    /// <param name="resource">Id of the job or upload; empty for none.</param>
    /// <param name="outcome">OK, or the reason of the failure.</param>
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
