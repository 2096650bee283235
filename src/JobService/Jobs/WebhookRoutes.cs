using System.Text;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>A receiver of the configuration.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Uri">Its address.</param>
/// <param name="OnStart">Whether the start of the first attempt is sent.</param>
/// <param name="OnEnd">Whether each end of a job is sent.</param>
/// <param name="Tenants">The tenants whose jobs it hears about; empty for all.</param>
internal sealed record WebhookRoute(
    string Name, string Uri, bool OnStart, bool OnEnd, IReadOnlySet<string> Tenants);

/// <summary>Decides which messages the changes of jobs cause. Pure but for the ids of the messages.</summary>
/// <param name="endpoints">The receivers of the configuration.</param>
/// <param name="maxJobBytes">Maximum size of the job in a message; of a longer one it contains less.</param>
internal sealed class WebhookRoutes(IReadOnlyList<WebhookRoute> endpoints, int maxJobBytes)
{
    private readonly bool _isSilent;

    private WebhookRoutes()
        : this([], 0) => _isSilent = true;

    /// <summary>Sends nothing, whatever the jobs ask for: for commands such as import.</summary>
    public static WebhookRoutes Silent { get; } = new();

    /// <summary>The messages that a commit must add to the outbox.</summary>
    public IReadOnlyList<DeliveryRecord> MessagesOf(IReadOnlyList<JobCommit> commits)
    {
        if (_isSilent)
        {
            return [];
        }

        var messages = commits.SelectMany(MessagesOf).ToList();
        if (messages.Count > 0)
        {
            // A batch can also delete the job.
            var deleted = commits.Where(commit => commit.After is null).Select(commit => commit.JobId).ToHashSet();
            messages.RemoveAll(message => deleted.Contains(message.JobId));
        }

        return messages;
    }

    private IEnumerable<DeliveryRecord> MessagesOf(JobCommit commit)
    {
        if (EventOf(commit) is not { } happened || commit.After is not { } job)
        {
            return [];
        }

        var isStart = happened == WebhookEvent.Started;
        var receivers = endpoints
            .Where(route => isStart ? route.OnStart : route.OnEnd)
            .Where(route => route.Tenants.Count == 0 || route.Tenants.Contains(job.Tenant))
            .Select(route => (route.Name, route.Uri))
            .ToList();
        if (job.Webhook is { } own && (isStart ? own.OnStart : own.OnEnd))
        {
            receivers.Add(("", own.Uri));
        }

        if (receivers.Count == 0)
        {
            return [];
        }

        var (extent, json) = JsonOf(job);
        var time = isStart ? job.Attempts[^1].StartedAt : job.EndedAt ?? job.UpdatedAt;
        return receivers.Select(receiver => new DeliveryRecord
        {
            DeliveryId = Guid.NewGuid(),
            JobId = job.JobId,
            Tenant = job.Tenant,
            Endpoint = receiver.Name,
            Uri = receiver.Uri,
            Host = HostOf(receiver.Uri),
            Event = happened,
            Extent = extent,
            JobJson = json,
            CreatedAt = time,
            NextTryAt = time,
        });
    }

    /// <summary>The event of a change; null for none. A job can also be stored as ended.</summary>
    private static WebhookEvent? EventOf(JobCommit commit) => commit switch
    {
        { After.IsTerminal: true, Before: null or { IsTerminal: false } } => WebhookEvent.Ended,
        { After: { Status: JobStatus.Running, Attempts.Count: 1 }, Before: null or { Status: JobStatus.Pending } } =>
            WebhookEvent.Started,
        _ => null,
    };

    private (JobExtent Extent, string Json) JsonOf(JobRecord record)
    {
        var job = JobMessage.From(record);
        var full = ForegSyteJson.Formatter.Format(job);
        if (Fits(full))
        {
            return (JobExtent.Full, full);
        }

        var basic = ForegSyteJson.Formatter.Format(JobMessage.Basic(job));
        return Fits(basic)
            ? (JobExtent.Basic, basic)
            : (JobExtent.Reference, ForegSyteJson.Formatter.Format(JobMessage.Reference(job)));
    }

    private bool Fits(string json) => Encoding.UTF8.GetByteCount(json) <= maxJobBytes;

    private static string HostOf(string uri) =>
        Uri.TryCreate(uri, UriKind.Absolute, out var parsed)
            ? FormattableString.Invariant($"{parsed.Host}:{parsed.Port}")
            : "";
}
