using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Fetching;

/// <summary>From which other servers videos are fetched, and what that may take. Section "Sources".</summary>
internal sealed class SourcesOptions
{
    public const string Section = "Sources";

    /// <summary>The port of an https uri where no other one is allowed.</summary>
    public const int DefaultPort = 443;

    /// <summary>
    /// Hosts whose videos may be submitted by an https uri: a name, or "*.name" for all that is below a name.
    /// </summary>
    /// <value>None by default: nothing is fetched by https. At most 1000.</value>
    [MaxLength(1000)]
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>TCP ports of an https uri, and of each redirect.</summary>
    /// <value>443 where none is given.</value>
    public IList<int> AllowedPorts { get; } = [];

    /// <summary>
    /// Networks (CIDR) to which the service may connect although they are not public, for servers on one's own
    /// premises. The addresses of S3 endpoints too.
    /// </summary>
    /// <value>None by default.</value>
    public IList<string> AllowedNetworks { get; } = [];

    /// <summary>
    /// PEM file of certificate authorities that are trusted in place of the system's. Absolute path; read at start.
    /// </summary>
    /// <value>Empty by default: the system's.</value>
    public string CertificateAuthorities { get; set; } = "";

    /// <summary>Redirects that are followed, each to an allowed host.</summary>
    /// <value>0 to 20; 5 by default.</value>
    [Range(0, 20)]
    [Limit(
        "redirects", "Redirects of an https uri that are followed; past it the video is refused.",
        Reason = ErrorReason.SourceUnavailable)]
    public int MaxRedirects { get; set; } = 5;

    /// <summary>How often a transfer that broke off is gone on with, or begun again.</summary>
    /// <value>0 to 100; 5 by default.</value>
    [Range(0, 100)]
    [Limit(
        "times", "How often a broken transfer is gone on with; past it the video is refused.",
        Reason = ErrorReason.SourceUnavailable)]
    public int MaxResumes { get; set; } = 5;

    /// <summary>Wait before a broken transfer is gone on with.</summary>
    /// <value>1 ms to 1 minute; 1 s by default.</value>
    [TimeRange("00:00:00.001", "00:01:00")]
    public TimeSpan ResumeDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time for a connection: name, TCP and TLS.</summary>
    /// <value>100 ms to 2 minutes; 10 s by default.</value>
    [TimeRange("00:00:00.100", "00:02:00")]
    [Limit(
        "", "Time for a connection to another server; past it the video is refused.",
        Reason = ErrorReason.SourceUnavailable)]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest silence of a server, before its answer and within it.</summary>
    /// <value>100 ms to 10 minutes; 30 s by default.</value>
    [TimeRange("00:00:00.100", "00:10:00")]
    [Limit(
        "", "Longest silence of another server; past it the transfer counts as broken.",
        Reason = ErrorReason.SourceUnavailable)]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time for a whole video, all resumes included.</summary>
    /// <value>100 ms to 1 day; 1 hour by default.</value>
    [TimeRange("00:00:00.100", "1.00:00:00")]
    [Limit(
        "", "Time for a whole video of another server; past it the call ends.",
        Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan FetchTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Largest head of an answer in KiB.</summary>
    /// <value>4 to 1024; 32 by default.</value>
    [Range(4, 1024)]
    [Limit(
        "KiB", "Head of an answer of another server; one with a larger head is refused.",
        Reason = ErrorReason.SourceUnavailable)]
    public int MaxHeaderKibibytes { get; set; } = 32;

    /// <summary>Videos that are fetched at the same time.</summary>
    /// <value>1 to 256; 4 by default.</value>
    [Range(1, 256)]
    [Limit("videos", "Videos that are fetched at the same time; one more waits for its turn.")]
    public int MaxConcurrentFetches { get; set; } = 4;

    /// <summary>How long a call waits for its turn to fetch; past that TOO_MANY_CALLS.</summary>
    /// <value>0 to 10 minutes; 10 s by default.</value>
    [TimeRange("00:00:00", "00:10:00")]
    [Limit(
        "", "How long a call waits for its turn to fetch; past it it is refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public TimeSpan MaxFetchWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>When a caller that was answered TOO_MANY_CALLS is told to come back.</summary>
    /// <value>100 ms to 1 hour; 5 s by default.</value>
    [TimeRange("00:00:00.100", "01:00:00")]
    [Limit("", "Retry delay of a caller whose turn to fetch did not come.", Reason = ErrorReason.TooManyCalls)]
    public TimeSpan BusyRetryDelay { get; set; } = TimeSpan.FromSeconds(5);
}
