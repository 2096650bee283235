using System.Diagnostics.CodeAnalysis;

namespace ForegSyte.Jobs.Storage.Cache;

/// <summary>
/// Terminal jobs that ended or were read lately, the least recently used leaving first. Safe for many threads.
/// </summary>
/// <remarks>
/// A record that was read from the database may have been changed before it gets here. So a reader announces what it
/// reads, and a change in between makes the announcement void.
/// </remarks>
internal sealed class EndedJobs(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, LinkedListNode<JobRecord>> _nodes = [];
    private readonly LinkedList<JobRecord> _byUse = [];
    private readonly Dictionary<Guid, object> _reads = [];

    /// <summary>Finds a job and notes its use.</summary>
    public bool TryFind(Guid jobId, [NotNullWhen(true)] out JobRecord? job)
    {
        lock (_lock)
        {
            job = null;
            if (_nodes.TryGetValue(jobId, out var node))
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
                job = node.Value;
            }

            return job is not null;
        }
    }

    /// <summary>A change made the job this.</summary>
    public void Put(JobRecord job)
    {
        lock (_lock)
        {
            _reads.Remove(job.JobId);
            Keep(job);
        }
    }

    /// <summary>A change made the job something that is not kept here.</summary>
    public void Remove(Guid jobId)
    {
        lock (_lock)
        {
            _reads.Remove(jobId);
            Drop(jobId);
        }
    }

    /// <summary>Forgets all, and what is being read.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _reads.Clear();
            _nodes.Clear();
            _byUse.Clear();
        }
    }

    /// <summary>Announces that a job is about to be read from the database.</summary>
    public object BeginRead(Guid jobId)
    {
        lock (_lock)
        {
            return _reads[jobId] = new object();
        }
    }

    /// <summary>Keeps what was read, unless a change or another read came in between.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="announcement">What <see cref="BeginRead"/> returned.</param>
    /// <param name="job">The record, if it is one to keep; null where there is none, or the read failed.</param>
    public void EndRead(Guid jobId, object announcement, JobRecord? job)
    {
        lock (_lock)
        {
            if (!_reads.TryGetValue(jobId, out var latest) || !ReferenceEquals(latest, announcement))
            {
                return;
            }

            _reads.Remove(jobId);
            if (job is not null)
            {
                Keep(job);
            }
        }
    }

    private void Keep(JobRecord job)
    {
        Drop(job.JobId);
        _nodes[job.JobId] = _byUse.AddFirst(job);
        if (_byUse.Count > capacity)
        {
            Drop(_byUse.Last!.Value.JobId);
        }
    }

    private void Drop(Guid jobId)
    {
        if (_nodes.Remove(jobId, out var node))
        {
            _byUse.Remove(node);
        }
    }
}
