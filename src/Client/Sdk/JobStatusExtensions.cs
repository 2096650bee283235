using ForegSyte.V1;

namespace ForegSyte.Client;

/// <summary>Questions about a job's status.</summary>
public static class JobStatusExtensions
{
    /// <summary>Whether the status is one that never changes again: completed, failed or cancelled.</summary>
    public static bool IsTerminal(this JobStatus status) =>
        status is JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled;
}
