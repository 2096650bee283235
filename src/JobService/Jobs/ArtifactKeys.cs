using System.Globalization;
using System.Text.RegularExpressions;

namespace ForegSyte.Jobs;

/// <summary>The storage keys of a job's artifacts.</summary>
internal static partial class ArtifactKeys
{
    private const string VideoSuffix = ".mp4";
    private const string ResultsSuffix = "_results.json";
    private const string SidecarSuffix = "_job.json";
    private const string PlanSuffix = "_segment_plan.bin";

    /// <summary>Length of a UUID as text.</summary>
    private const int IdLength = 36;

    /// <summary>The submitted video.</summary>
    public static string Video(Guid jobId) => jobId + VideoSuffix;

    /// <summary>The results document.</summary>
    public static string Results(Guid jobId) => jobId + ResultsSuffix;

    /// <summary>The manifest of a completed job, from which the database can be rebuilt.</summary>
    public static string Sidecar(Guid jobId) => jobId + SidecarSuffix;

    /// <summary>The segment plan; it exists as long as finished segments can.</summary>
    public static string Plan(Guid jobId) => jobId + PlanSuffix;

    /// <summary>
    /// The results of a finished segment, until the job completes. Numbers have ten digits, so that names sort.
    /// </summary>
    public static string Segment(Guid jobId, int startFrame, int endFrame) => string.Create(
        CultureInfo.InvariantCulture, $"{jobId}_segment_{startFrame:D10}_{endFrame:D10}.binpb");

    /// <summary>Whether the artifact is a plan or a segment, which the job needs only until it completes.</summary>
    public static bool IsInterim(string key) => JobOf(key) is not null && InterimSuffix().IsMatch(key, IdLength);

    /// <summary>The job that an artifact belongs to; null if the key is not an artifact's.</summary>
    public static Guid? JobOf(string key) =>
        key.Length > IdLength
        && (key.AsSpan(IdLength) is VideoSuffix or ResultsSuffix or SidecarSuffix
            || InterimSuffix().IsMatch(key, IdLength))
        && Guid.TryParseExact(key.AsSpan(0, IdLength), "D", out var jobId)
            ? jobId
            : null;

    [GeneratedRegex(@"\G_segment_(plan\.bin|[0-9]{10}_[0-9]{10}\.binpb)\z", RegexOptions.CultureInvariant)]
    private static partial Regex InterimSuffix();
}
