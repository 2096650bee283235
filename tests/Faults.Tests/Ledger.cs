using System.Collections.Concurrent;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// What callers were told. An operation whose answer did not come has an unknown outcome: both are right afterwards.
/// </summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<string, Entry> _jobs = new();
    private readonly ConcurrentDictionary<Guid, Request> _unanswered = new();

    /// <summary>Jobs that were acknowledged.</summary>
    public IReadOnlyCollection<Entry> Jobs => [.. _jobs.Values];

    /// <summary>Submissions that were not answered.</summary>
    public IReadOnlyDictionary<Guid, Request> Unanswered => _unanswered;

    /// <summary>A submission is about to be sent.</summary>
    public void Sending(Guid requestId, Request request) => _unanswered[requestId] = request;

    /// <summary>A submission was acknowledged.</summary>
    public Entry Acknowledged(Guid requestId, string jobId)
    {
        _unanswered.TryRemove(requestId, out var request);
        return _jobs.GetOrAdd(jobId, _ => new Entry(jobId, request!));
    }

    /// <summary>A submission was refused, with a reason: there is no job.</summary>
    public void Refused(Guid requestId) => _unanswered.TryRemove(requestId, out _);

    /// <summary>A job and the ways in which it may end.</summary>
    /// <param name="JobId">The job.</param>
    /// <param name="Request">What was asked for.</param>
    internal sealed record Entry(string JobId, Request Request)
    {
        /// <summary>It may be COMPLETED.</summary>
        public bool MayComplete { get; set; } = true;

        /// <summary>It may be CANCELLED.</summary>
        public bool MayBeCancelled { get; set; }

        /// <summary>It may be gone.</summary>
        public bool MayBeGone { get; set; }

        /// <summary>It has to be gone.</summary>
        public bool IsGone { get; set; }

        /// <summary>How often it may have reached COMPLETED or CANCELLED: once, and once more for each retry.</summary>
        public int MostEnds { get; set; } = 1;

        /// <summary>CancelJob was sent.</summary>
        public void Cancelling() => MayBeCancelled = true;

        /// <summary>CancelJob was answered.</summary>
        public void Cancelled() => MayComplete = false;

        /// <summary>RetryJob was sent.</summary>
        public void Retrying()
        {
            MayComplete = true;
            MostEnds++;
        }

        /// <summary>RetryJob was answered, and the job is on its way again.</summary>
        public void Retried() => MayBeCancelled = false;

        /// <summary>DeleteJob was sent.</summary>
        public void Deleting() => MayBeGone = true;

        /// <summary>DeleteJob was answered.</summary>
        public void Deleted() => IsGone = true;
    }
}
