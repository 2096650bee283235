namespace ForegSyte.Jobs.Metrics;

/// <summary>Where the numbers come from that are looked up when somebody collects.</summary>
/// <param name="QueueDepth">Pending jobs by state.</param>
/// <param name="OldestAge">Seconds that the job has waited that has waited the longest.</param>
/// <param name="Running">Jobs that run.</param>
/// <param name="Serving">InferenceServices that take work.</param>
/// <param name="FreeBytes">Free space for videos and results.</param>
internal sealed record JobGauges(
    Func<IEnumerable<(string State, int Jobs)>> QueueDepth,
    Func<double> OldestAge,
    Func<int> Running,
    Func<int> Serving,
    Func<long> FreeBytes);
