using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Retention;

/// <summary>When terminal jobs are removed. Section "Retention".</summary>
internal sealed class RetentionOptions
{
    public const string Section = "Retention";

    /// <summary>How long a job is kept after its end; 0 for ever.</summary>
    /// <value>0 to 3650 days; 0 by default.</value>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    [Limit(
        "", "How long a job is kept after its end, 0 for ever; after it it is removed.",
        Reason = ErrorReason.JobNotFound)]
    public TimeSpan MaxAge { get; set; }

    /// <summary>
    /// Free space of the disk with the artifacts, in bytes, below which terminal jobs are removed, those that ended
    /// first first; 0 for never.
    /// </summary>
    /// <value>0 to 1 PiB; 0 by default.</value>
    [Range(0L, 1L << 50)]
    [Limit(
        "bytes", "Free space below which jobs that have ended are removed, 0 for never.",
        Reason = ErrorReason.JobNotFound)]
    public long MinFreeBytes { get; set; }

    /// <summary>How often it is looked what there is to remove.</summary>
    /// <value>100 ms to 1 day; 1 minute by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "1.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Jobs that are removed, or looked at, in one go.</summary>
    /// <value>1 to 10000; 200 by default.</value>
    [Range(1, 10_000)]
    [Limit("jobs", "Jobs that are removed in one go; others are in the next one.")]
    public int BatchSize { get; set; } = 200;

    /// <summary>How many of the newest completed jobs are checked for their results at start.</summary>
    /// <value>0 to 1000000; 10000 by default.</value>
    [Range(0, 1_000_000)]
    [Limit("jobs", "Completed jobs, the newest, whose results are looked for at the start.")]
    public int CheckedResults { get; set; } = 10_000;
}
