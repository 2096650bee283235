using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ForegSyte.Jobs;

/// <summary>The storage keys of a job's artifacts.</summary>
internal static partial class ArtifactKeys
{
    private const string VideoSuffix = ".mp4";
    private const string ResultsSuffix = "_results.json";
    private const string ResultsIndexSuffix = "_results_index.bin";
    private const string TracksSuffix = "_tracks.json";
    private const string TracksIndexSuffix = "_tracks_index.bin";
    private const string SidecarSuffix = "_job.json";
    private const string PlanSuffix = "_segment_plan.bin";

    /// <summary>Length of a UUID as text.</summary>
    private const int IdLength = 36;

    /// <summary>The submitted video.</summary>
    public static string Video(Guid jobId) => jobId + VideoSuffix;

    /// <summary>
    /// The id of a video's bytes within its tenant: equal videos of one tenant share them, and those of two tenants
    /// never do, so that no free space tells one of them what the other has stored. Null if the hash is unknown.
    /// </summary>
    [return: NotNullIfNotNull(nameof(sha256))]
    public static string? SharedVideo(string tenant, string? sha256) => sha256 is null || tenant.Length == 0
        ? sha256
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}/{sha256}")));

    /// <summary>
    /// The results document. A storage of several JobServices has one for each attempt that wrote it, and the job's
    /// record tells which one is published: readers take the key from there.
    /// </summary>
    /// <param name="jobId">The job.</param>
    /// <param name="leaseToken">The lease of the attempt; null if the storage belongs to one JobService.</param>
    public static string Results(Guid jobId, Guid? leaseToken = null) => Prefix(jobId, leaseToken) + ResultsSuffix;

    /// <summary>The index of a large results document (ADR 5).</summary>
    /// <param name="resultsKey">The key of the document.</param>
    public static string ResultsIndex(string resultsKey) => Beside(resultsKey) + ResultsIndexSuffix;

    /// <summary>The tracks document (ADR 43).</summary>
    /// <param name="resultsKey">The key of the job's results, beside which it lies.</param>
    public static string Tracks(string resultsKey) => Beside(resultsKey) + TracksSuffix;

    /// <summary>The index of a large tracks document.</summary>
    /// <param name="resultsKey">The key of the job's results.</param>
    public static string TracksIndex(string resultsKey) => Beside(resultsKey) + TracksIndexSuffix;

    /// <summary>
    /// All artifacts of a completed job but its video: results, tracks, their indexes and the manifest.
    /// </summary>
    /// <param name="resultsKey">The key of the job's results.</param>
    public static IReadOnlyList<string> OfResults(string resultsKey) =>
        [resultsKey, ResultsIndex(resultsKey), Tracks(resultsKey), TracksIndex(resultsKey), Sidecar(resultsKey)];

    /// <summary>The manifest of a completed job, from which the database can be rebuilt.</summary>
    /// <param name="resultsKey">The key of the job's results, beside which it lies.</param>
    public static string Sidecar(string resultsKey) => Beside(resultsKey) + SidecarSuffix;

    /// <summary>The segment plan; it exists as long as finished segments can.</summary>
    public static string Plan(Guid jobId) => jobId + PlanSuffix;

    /// <summary>
    /// The results of a finished segment, until the job completes. Numbers have ten digits, so that names sort.
    /// </summary>
    /// <param name="jobId">The job.</param>
    /// <param name="startFrame">The first frame.</param>
    /// <param name="endFrame">The frame after the last one.</param>
    /// <param name="leaseToken">The lease of the attempt; null if the storage belongs to one JobService.</param>
    public static string Segment(Guid jobId, int startFrame, int endFrame, Guid? leaseToken = null) => string.Create(
        CultureInfo.InvariantCulture, $"{Prefix(jobId, leaseToken)}_segment_{startFrame:D10}_{endFrame:D10}.binpb");

    /// <summary>Whether the artifact is a plan or a segment, which the job needs only until it completes.</summary>
    public static bool IsInterim(string key) => JobOf(key) is not null && InterimSuffix().IsMatch(key, IdLength);

    /// <summary>Whether the artifact is the manifest of a job.</summary>
    public static bool IsSidecar(string key) =>
        JobOf(key) is not null && key.EndsWith(SidecarSuffix, StringComparison.Ordinal);

    /// <summary>Whether the artifact is one of <see cref="OfResults"/>.</summary>
    public static bool IsOfResults(string key) => JobOf(key) is not null && OfResultsSuffix().IsMatch(key, IdLength);

    /// <summary>
    /// The keys of <see cref="OfResults"/> that the job has published or that its running attempt can publish, in a
    /// storage of several JobServices.
    /// </summary>
    public static IReadOnlySet<string> UsedResults(JobRecord job) =>
        new[] { job.OutputPath, job.Lease is { } lease ? Results(job.JobId, lease.Token) : null }
            .OfType<string>()
            .SelectMany(OfResults)
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>The job that an artifact belongs to; null if the key is not an artifact's.</summary>
    public static Guid? JobOf(string key) =>
        key.Length > IdLength
        && Suffix().IsMatch(key, IdLength)
        && Guid.TryParseExact(key.AsSpan(0, IdLength), "D", out var jobId)
            ? jobId
            : null;

    private static string Beside(string resultsKey) => resultsKey.EndsWith(ResultsSuffix, StringComparison.Ordinal)
        ? resultsKey[..^ResultsSuffix.Length]
        : throw new ArgumentException($"{resultsKey} is not the key of a results document.", nameof(resultsKey));

    private static string Prefix(Guid jobId, Guid? leaseToken) =>
        leaseToken is { } token ? $"{jobId}_{token:N}" : jobId.ToString();

    [GeneratedRegex(
        @"\G(\.mp4|(_[0-9a-f]{32})?(_results\.json|_results_index\.bin|_tracks\.json|_tracks_index\.bin|_job\.json"
        + @"|_segment_[0-9]{10}_[0-9]{10}\.binpb)|_segment_plan\.bin)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Suffix();

    [GeneratedRegex(
        @"\G(_segment_plan\.bin|(_[0-9a-f]{32})?_segment_[0-9]{10}_[0-9]{10}\.binpb)\z", RegexOptions.CultureInvariant)]
    private static partial Regex InterimSuffix();

    [GeneratedRegex(
        @"\G(_[0-9a-f]{32})?(_results\.json|_results_index\.bin|_tracks\.json|_tracks_index\.bin|_job\.json)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex OfResultsSuffix();
}
