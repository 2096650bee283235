using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Listening;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>
/// Records who did what: each call that changes something and each refused call. Writes to the log category
/// <see cref="Category"/> and to <see cref="AuditFiles"/>. Without authentication there are no callers to name, and
/// only the files are written.
/// </summary>
internal sealed class AuditLog : IDisposable
{
    /// <summary>Log category of audit lines.</summary>
    public const string Category = "ForegSyte.Audit";

    private readonly AuditFiles _files;
    private readonly AccessRules _rules;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RefusalSampler _sampler;

    public AuditLog(
        AuditFiles files, AccessRules rules, IOptions<AuditOptions> options, TimeProvider time, ILoggerFactory loggers)
    {
        (_files, _rules, _time, _logger) = (files, rules, time, loggers.CreateLogger(Category));
        _sampler = new RefusalSampler(options.Value.MaxRefusalsPerSecond, time, WriteLeftOut);
    }

    /// <summary>Records a call that was refused and changed nothing.</summary>
    /// <param name="call">The call.</param>
    /// <param name="resource">Id of the job or upload; empty for none.</param>
    /// <param name="refusal">Why.</param>
    public void Refused(HttpContext call, string resource, ServiceException refusal)
    {
        if (IsUsed && _sampler.Admit())
        {
            var record = RecordOf(call, resource, refusal.ReasonText) with
            {
                Problem = refusal.Reason == ErrorReason.Unauthenticated
                    ? refusal.Metadata.GetValueOrDefault("problem")
                    : null,
            };
            if ((refusal.InnerException as CredentialException)?.CallerId is { } expired)
            {
                record = record with { Caller = expired };
            }

            Write(_files.Refusals, record, LogLevel.Warning);
        }
    }

    /// <summary>Records the end of a call that changed something, or may have.</summary>
    /// <param name="call">The call.</param>
    /// <param name="resource">Id of the job or upload; empty for none.</param>
    /// <param name="outcome">OK, or the reason of the error.</param>
    public void Ended(HttpContext call, string resource, string outcome)
    {
        if (IsUsed)
        {
            // Without authentication every caller is an admin, and there are no tenants.
            var isAdmin = !_rules.IsOpen && call.FindCaller() is { IsAdmin: true };
            Write(
                isAdmin ? _files.AdminChanges : _files.Changes, RecordOf(call, resource, outcome),
                LogLevel.Information);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _sampler.Dispose();

    private bool IsUsed => !_rules.IsOpen || _files.AreUsed;

    private AuditRecord RecordOf(HttpContext call, string resource, string outcome)
    {
        var caller = call.FindCaller();
        return AuditRecord.Of(
            _time.GetUtcNow(), caller?.Id ?? "", caller?.Tenant ?? "", call.RpcMethod(), resource, outcome,
            PeerOf(call));
    }

    private void WriteLeftOut(long count)
    {
        var record = new AuditRecord(_time.GetUtcNow(), "", "", "", "", "LEFT_OUT", "") { Count = count };
        _files.Refusals.Append(record);
        if (!_rules.IsOpen)
        {
            _logger.LogWarning("Audit log omitted {Count} refused calls (option Audit:MaxRefusalsPerSecond)", count);
        }
    }

    private void Write(AuditFile file, AuditRecord record, LogLevel level)
    {
        file.Append(record);
        if (!_rules.IsOpen)
        {
            _logger.Log(
                level,
                "{Outcome}{Problem} {Method} {Resource} by {Caller} of {Tenant} at {Peer}",
                record.Outcome, record.Problem is { } problem ? $" ({problem})" : "", record.Method, record.Resource,
                record.Caller, record.Tenant, record.Peer);
        }
    }

    private static string PeerOf(HttpContext call) => call.Features.Get<LocalConnection>() is not null
        ? "unix"
        : string.Create(
            CultureInfo.InvariantCulture, $"{call.Connection.RemoteIpAddress}:{call.Connection.RemotePort}");
}

/// <summary>
/// Admits a number of refusals in a second and counts the others. It reports the count at the end of the second.
/// </summary>
/// <param name="perSecond">Refusals to admit in a second.</param>
/// <param name="time">Clock.</param>
/// <param name="report">Receives the number of refusals that were not admitted; never 0.</param>
internal sealed class RefusalSampler(int perSecond, TimeProvider time, Action<long> report) : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private long _windowStart;
    private int _admitted;
    private long _leftOut;

    /// <summary>Whether to record the refusal.</summary>
    public bool Admit()
    {
        lock (_lock)
        {
            // The window of a second that left something out ends with its report.
            if (_leftOut == 0 && time.GetElapsedTime(_windowStart) >= Window)
            {
                (_windowStart, _admitted) = (time.GetTimestamp(), 0);
            }

            if (_admitted < perSecond)
            {
                _admitted++;
                return true;
            }

            if (_leftOut++ == 0)
            {
                var left = Window - time.GetElapsedTime(_windowStart);
                _timer = time.CreateTimer(
                    _ => Report(), null, left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            }

            return false;
        }
    }

    /// <inheritdoc />
    public void Dispose() => Report();

    private void Report()
    {
        long count;
        lock (_lock)
        {
            _timer?.Dispose();
            _timer = null;
            (count, _leftOut) = (_leftOut, 0);
            (_windowStart, _admitted) = (time.GetTimestamp(), 0);
        }

        if (count > 0)
        {
            report(count);
        }
    }
}

/// <summary>A line of the audit log. It contains no secret, and callers cannot make it long.</summary>
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
    /// <summary>Longest text of a field in characters; JSON writes each with at most 6 bytes.</summary>
    private const int MaxFieldLength = 200;

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Number of refused calls that were not recorded; null if the line is about one call.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Count { get; init; }

    /// <summary>
    /// What is wrong with the credentials of an unauthenticated call: missing, unknown, expired or malformed; null for
    /// other lines.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Problem { get; init; }

    /// <summary>A line from texts of the caller, which are escaped and truncated.</summary>
    public static AuditRecord Of(
        DateTimeOffset time, string caller, string tenant, string method, string resource, string outcome,
        string peer) =>
        new(time, Bound(caller), Bound(tenant), Bound(method), Bound(resource), outcome, peer);

    /// <summary>The record as one line of JSON, without line break.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format);

    private static string Bound(string text)
    {
        var escaped = ControlCharacters.Escape(text.Length <= MaxFieldLength ? text : text[..MaxFieldLength]);
        return escaped.Length <= MaxFieldLength && text.Length <= MaxFieldLength
            ? escaped
            : $"{escaped[..Math.Min(escaped.Length, MaxFieldLength - 1)]}…";
    }
}
