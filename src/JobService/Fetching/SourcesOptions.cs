using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Fetching;

/// <summary>The servers from which videos are fetched, and the limits of fetches. Section "Sources".</summary>
internal sealed class SourcesOptions
{
    public const string Section = "Sources";

    /// <summary>The allowed port if Sources:AllowedPorts is empty.</summary>
    public const int DefaultPort = 443;

    /// <summary>
    /// Hosts whose videos callers can submit by https uri: a name, or "*.name" for every host below a name.
    /// </summary>
    /// <value>None by default: https uris are refused. At most 1000.</value>
    [MaxLength(1000)]
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Allowed TCP ports of https uris and redirects.</summary>
    /// <value>443 by default.</value>
    public IList<int> AllowedPorts { get; } = [];

    /// <summary>
    /// Networks (CIDR) to which the service connects although they are not public, for example for servers on your own
    /// premises. Applies to S3 endpoints too.
    /// </summary>
    /// <value>None by default.</value>
    public IList<string> AllowedNetworks { get; } = [];

    /// <summary>
    /// PEM file of the certificate authorities to trust instead of the system's. Absolute path; read at start.
    /// </summary>
    /// <value>Empty by default: the system's.</value>
    public string CertificateAuthorities { get; set; } = "";

    /// <summary>Maximum number of redirects of a fetch, each to an allowed host.</summary>
    /// <value>0 to 20; 5 by default.</value>
    [Range(0, 20)]
    [Limit(
        "redirects", "Maximum number of redirects of an https uri; above it the video is refused.",
        Reason = ErrorReason.SourceUnavailable)]
    public int MaxRedirects { get; set; } = 5;

    /// <summary>Maximum number of times that an interrupted transfer is resumed or started again.</summary>
    /// <value>0 to 100; 5 by default.</value>
    [Range(0, 100)]
    [Limit(
        "times", "Maximum number of resumes of an interrupted transfer; above it the video is refused.",
        Reason = ErrorReason.SourceUnavailable)]
    public int MaxResumes { get; set; } = 5;

    /// <summary>Delay before an interrupted transfer is resumed.</summary>
    /// <value>1 ms to 1 minute; 1 s by default.</value>
    [TimeRange("00:00:00.001", "00:01:00")]
    public TimeSpan ResumeDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Timeout of connecting: name resolution, TCP and TLS.</summary>
    /// <value>100 ms to 2 minutes; 10 s by default.</value>
    [TimeRange("00:00:00.100", "00:02:00")]
    [Limit(
        "", "Timeout of connecting to another server; after it the video is refused.",
        Reason = ErrorReason.SourceUnavailable)]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Maximum silence of a server, before and within its response.</summary>
    /// <value>100 ms to 10 minutes; 30 s by default.</value>
    [TimeRange("00:00:00.100", "00:10:00")]
    [Limit(
        "", "Maximum silence of another server; after it the transfer counts as interrupted.",
        Reason = ErrorReason.SourceUnavailable)]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Minimum rate at which a server must send a video, in bytes per second, in each <see cref="RateWindow"/> in which
    /// the service reads.
    /// </summary>
    /// <value>1 to 1048576, 0 for none; 16384 by default.</value>
    [Range(0, 1 << 20)]
    [Limit(
        "bytes/s", "Minimum rate at which another server must send a video, 0 for none; a slower one is refused.",
        Reason = ErrorReason.SourceUnavailable)]
    public int MinDataRate { get; set; } = 16 << 10;

    /// <summary>Time over which <see cref="MinDataRate"/> is measured, and before which it does not apply.</summary>
    /// <value>1 s to 10 minutes; 30 s by default.</value>
    [TimeRange("00:00:01", "00:10:00")]
    [Limit(
        "", "Time over which Sources:MinDataRate is measured, and before which it does not apply.",
        Reason = ErrorReason.SourceUnavailable)]
    public TimeSpan RateWindow { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Timeout of fetching a whole video, including all resumes.</summary>
    /// <value>100 ms to 1 day; 1 hour by default.</value>
    [TimeRange("00:00:00.100", "1.00:00:00")]
    [Limit(
        "", "Timeout of fetching a whole video from another server; after it the call fails.",
        Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan FetchTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Maximum size of the head of a response in KiB.</summary>
    /// <value>4 to 1024; 32 by default.</value>
    [Range(4, 1024)]
    [Limit(
        "KiB", "Maximum size of the head of another server's response; larger ones are refused.",
        Reason = ErrorReason.SourceUnavailable)]
    public int MaxHeaderKibibytes { get; set; } = 32;

    /// <summary>Maximum number of concurrent fetches.</summary>
    /// <value>1 to 256; 4 by default.</value>
    [Range(1, 256)]
    [Limit("videos", "Maximum number of concurrent fetches; further ones wait.")]
    public int MaxConcurrentFetches { get; set; } = 4;

    /// <summary>How long a fetch waits for others to end; then the call returns TOO_MANY_CALLS.</summary>
    /// <value>0 to 10 minutes; 10 s by default.</value>
    [TimeRange("00:00:00", "00:10:00")]
    [Limit(
        "", "How long a fetch waits for others to end; then the call is refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public TimeSpan MaxFetchWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Retry delay sent with TOO_MANY_CALLS.</summary>
    /// <value>100 ms to 1 hour; 5 s by default.</value>
    [TimeRange("00:00:00.100", "01:00:00")]
    [Limit("", "Retry delay sent when too many fetches are running.", Reason = ErrorReason.TooManyCalls)]
    public TimeSpan BusyRetryDelay { get; set; } = TimeSpan.FromSeconds(5);
}
