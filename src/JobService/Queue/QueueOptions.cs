using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Jobs.Queue;

/// <summary>In which order jobs are taken. Section "Queue".</summary>
internal sealed class QueueOptions
{
    public const string Section = "Queue";

    /// <summary>How long a job waits to count as one priority more urgent, so that none waits for ever.</summary>
    /// <value>1 s to 1 day; 1 minute by default.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan AgeingStep { get; set; } = TimeSpan.FromMinutes(1);
}
