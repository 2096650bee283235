using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Inference;

/// <summary>Addresses and timeouts of the InferenceServices. Section "Inference".</summary>
internal sealed class InferenceOptions
{
    public const string Section = "Inference";

    /// <summary>Name of the subsection with the TLS options of the calls.</summary>
    public const string TlsSubsection = "Tls";

    /// <summary>Full name of that subsection.</summary>
    public const string TlsSection = $"{Section}:{TlsSubsection}";

    /// <summary>Maximum number of configured addresses.</summary>
    public const int MaxAddresses = 64;

    /// <summary>Maximum number of InferenceServices that the names resolve to; further ones are not used.</summary>
    public const int MaxResolved = 256;

    /// <summary>The address used if none is configured.</summary>
    public static readonly Uri DefaultAddress = new("http://127.0.0.1:5201");

    /// <summary>
    /// Addresses of the InferenceServices, which share the segments of jobs: http is HTTP/2 without TLS, https with
    /// TLS, and unix:/path a Unix domain socket.
    /// </summary>
    /// <value>At most 64; http://127.0.0.1:5201 by default.</value>
    public IList<Uri> Addresses { get; } = [];

    /// <summary>
    /// How often the host names in <see cref="Addresses"/> are resolved. Each IP address of a name, such as that of a
    /// headless service of Kubernetes, is then an InferenceService of its own; one that the name no longer has gets no
    /// new segments. TLS compares the certificate with the name.
    /// </summary>
    /// <value>1 s to 1 hour; 0, the default, uses each address as one InferenceService.</value>
    [TimeRange("00:00:00", "01:00:00")]
    public TimeSpan ResolveInterval { get; set; }

    /// <summary>Timeout of ProbeVideo.</summary>
    /// <value>1 s to 1 hour; 2 minutes by default.</value>
    [TimeRange("00:00:01", "01:00:00")]
    [Limit(
        "", "Timeout for reading the container of a video; then the attempt fails.",
        Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Timeout of one frame of GetFrame, including its wait for a free slot.</summary>
    /// <value>1 s to 1 hour; 1 minute by default.</value>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    [Limit(
        "", "Timeout for getting one frame of a video, including its wait for a free slot.",
        Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan FrameTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Timeout of one segment.</summary>
    /// <value>1 s to 1 day; 10 minutes by default.</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    [Limit(
        "", "Timeout of one segment, including its wait for a free slot; then the attempt fails.",
        Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan SegmentTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Timeout of a health check; an InferenceService that does not answer within it is lost, and its segments are
    /// cancelled.
    /// </summary>
    /// <value>100 ms to 1 minute; 5 s by default.</value>
    [TimeRange("00:00:00.100", "00:01:00")]
    [Limit(
        "", "Timeout of an InferenceService's health check; then its segments are cancelled.",
        Reason = ErrorReason.InferenceUnavailable)]
    public TimeSpan HealthTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Interval between two health checks of an InferenceService.</summary>
    /// <value>10 ms to 1 minute; 500 ms by default.</value>
    [TimeRange("00:00:00.010", "00:01:00")]
    public TimeSpan HealthInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long an InferenceService that cannot read the stored video of a job is asked only if no other one serves,
    /// and how long the job waits if no InferenceService can read it.
    /// </summary>
    /// <value>10 ms to 1 hour; 5 s by default.</value>
    [TimeRange("00:00:00.010", "01:00:00")]
    public TimeSpan UnreadableRetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Maximum size of a segment's response in bytes.</summary>
    /// <value>1 MiB to 1 GiB; 64 MiB by default. The InferenceService has a lower limit of its own.</value>
    [Range(1 << 20, 1 << 30)]
    [Limit(
        "bytes", "Size of a segment's response; a larger one fails the attempt.",
        Reason = ErrorReason.ResultsTooLarge)]
    public int MaxResponseBytes { get; set; } = 64 << 20;
}
