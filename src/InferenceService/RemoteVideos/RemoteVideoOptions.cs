using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>The servers from which videos are read, and the limits of fetches and of their cache. Section "Video".
/// </summary>
internal sealed class RemoteVideoOptions : IValidatableObject
{
    public const string Section = "Video";

    private const int MaxHosts = 1000;

    /// <summary>
    /// Servers of object storage whose videos the service reads by https uri: a host, or a host and a port.
    /// </summary>
    /// <value>None by default: remote videos are refused. At most 1000; without a port, the port of the scheme.</value>
    [MaxLength(MaxHosts)]
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Whether uris may have the scheme http. Videos then cross the network unencrypted.</summary>
    /// <value>False by default.</value>
    public bool AllowHttp { get; set; }

    /// <summary>
    /// PEM file of the certificate authorities to trust instead of the system's. Absolute path; read at start.
    /// </summary>
    /// <value>Empty by default: the system's.</value>
    public string CertificateAuthorities { get; set; } = "";

    /// <summary>
    /// Folder in which the service keeps what it fetched of remote videos. Only one process can use it.
    /// </summary>
    /// <value>Empty by default: {DataDirectory}/video_cache.</value>
    public string CacheDirectory { get; set; } = "";

    /// <summary>
    /// Maximum size of the cache in bytes. Above it, videos that no call uses are evicted, the least recently used
    /// first. A segment can need its whole video.
    /// </summary>
    /// <value>16 MiB to 1 PiB; 50 GiB by default.</value>
    [Range(16L << 20, 1L << 50)]
    [Limit(
        "bytes", "Size of the cache of remote videos; above it the least recently used ones are evicted, and a video "
        + "that does not fit is refused.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public long CacheBytes { get; set; } = 50L << 30;

    /// <summary>
    /// Maximum number of videos in the cache. Above it, videos that no call uses are evicted, the least recently used
    /// first; those that calls use stay.
    /// </summary>
    /// <value>1 to 1000000; 10000 by default.</value>
    [Range(1, 1_000_000)]
    [Limit("videos", "Videos in the cache of remote videos; above it the least recently used ones are evicted.")]
    public int CacheVideos { get; set; } = 10_000;

    /// <summary>Timeout of connecting to a server: name resolution, TCP and TLS.</summary>
    /// <value>100 ms to 2 minutes; 10 s by default.</value>
    [TimeRange("00:00:00.100", "00:02:00")]
    [Limit(
        "", "Timeout of connecting to a server of videos; after it the request is repeated.",
        Reason = ErrorReason.SourceUnavailable)]
    public TimeSpan FetchConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Maximum silence of a server, before and within its response.</summary>
    /// <value>100 ms to 10 minutes; 30 s by default.</value>
    [TimeRange("00:00:00.100", "00:10:00")]
    [Limit(
        "", "Maximum silence of a server of videos; after it the request is repeated.",
        Reason = ErrorReason.SourceUnavailable)]
    public TimeSpan FetchIdleTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Maximum number of times in a row that a request is repeated without a further byte.</summary>
    /// <value>0 to 100; 4 by default.</value>
    [Range(0, 100)]
    [Limit(
        "times", "Repeats of a request for a part of a video, in a row without a further byte; after the last one the "
        + "call fails.",
        Reason = ErrorReason.SourceUnavailable)]
    public int FetchRetries { get; set; } = 4;

    /// <summary>Back-off before the first repeat of a request; doubled for each further one.</summary>
    /// <value>1 ms to 1 minute; 200 ms by default.</value>
    [TimeRange("00:00:00.001", "00:01:00")]
    public TimeSpan FetchRetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Maximum number of running requests for parts of videos.</summary>
    /// <value>1 to 1024; 16 by default.</value>
    [Range(1, 1024)]
    [Limit("requests", "Running requests for parts of videos; further ones wait.")]
    public int ConcurrentFetches { get; set; } = 16;

    /// <summary>Whether a server of videos is allowed.</summary>
    public bool IsEnabled => AllowedHosts.Count > 0;

    /// <summary>Whether an uri names an allowed server.</summary>
    public bool Allows(Uri uri) => AllowedHosts.Any(entry =>
        ServerOf(entry) is { } server
        && server.IdnHost.Equals(uri.IdnHost, StringComparison.OrdinalIgnoreCase)
        && (HasPort(entry) ? server.Port == uri.Port : uri.IsDefaultPort));

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var entry in AllowedHosts.Where(entry => ServerOf(entry) is null))
        {
            yield return new ValidationResult(
                $"{Section}:{nameof(AllowedHosts)} has '{entry}'. Give a host or host:port, for example "
                + "s3.example.org or 10.0.0.5:9000.",
                [nameof(AllowedHosts)]);
        }

        if (CertificateAuthorities.Length > 0
            && !(Path.IsPathFullyQualified(CertificateAuthorities) && File.Exists(CertificateAuthorities)))
        {
            yield return new ValidationResult(
                $"{Section}:{nameof(CertificateAuthorities)} must be the absolute path of an existing file.",
                [nameof(CertificateAuthorities)]);
        }
    }

    private static Uri? ServerOf(string entry) =>
        entry.Length > 0 && entry.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or ':' or '['
            or ']' or '_')
        && Uri.TryCreate("https://" + entry, UriKind.Absolute, out var server) ? server : null;

    private static bool HasPort(string entry) =>
        entry.LastIndexOf(':') is >= 0 and var at && at > entry.LastIndexOf(']');
}
