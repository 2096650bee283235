using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>Where it is written down who did what. Section "Audit".</summary>
public sealed class AuditOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Audit";

    /// <value>
    /// Path of a file for the lines, one JSON object each, beside the log. It is only ever appended to, and read and
    /// written by the service's user alone.
    /// </value>
    public string? File { get; set; }

    /// <value>Size at which the file is renamed to FILE.1, that to FILE.2 and so on, and a new one is begun.</value>
    [Range(1L << 10, 1L << 40)]
    [Limit("bytes", "Size of the audit log's file; past it it is renamed and a new one is begun.")]
    public long MaxFileBytes { get; set; } = 64L << 20;

    /// <value>How many renamed files are kept; the oldest is removed.</value>
    [Range(1, 1000)]
    [Limit("files", "Renamed files of the audit log that are kept; the oldest is removed.")]
    public int KeptFiles { get; set; } = 10;
}
