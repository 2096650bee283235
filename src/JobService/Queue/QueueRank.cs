namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Where a job stands in the queue. A job gains one priority for each step that it waits. Since all jobs gain at the
/// same rate, the order of two of them never changes, and a rank that is computed once is enough.
/// </summary>
internal static class QueueRank
{
    /// <summary>The rank of a job: since when it would have to wait to be as urgent with priority 0.</summary>
    public static DateTimeOffset Of(JobRecord job, TimeSpan ageingStep) => job.QueuedAt - (job.Priority * ageingStep);
}
