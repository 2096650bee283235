using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Inference;

/// <summary>Where the InferenceServices are and how long they may take. Section "Inference".</summary>
internal sealed class InferenceOptions
{
    public const string Section = "Inference";

    /// <summary>Name of the section of the calls' TLS in that of these options.</summary>
    public const string TlsSubsection = "Tls";

    /// <summary>Name of the section of the calls' TLS.</summary>
    public const string TlsSection = $"{Section}:{TlsSubsection}";

    /// <summary>Most InferenceServices.</summary>
    public const int MaxAddresses = 64;

    /// <summary>Where the InferenceService is where no address is given.</summary>
    public static readonly Uri DefaultAddress = new("http://127.0.0.1:5201");

    /// <summary>
    /// Addresses of the InferenceServices, which share the jobs' segments; http is HTTP/2 without TLS, https with it,
    /// and unix:/path a Unix domain socket.
    /// </summary>
    /// <value>At most 64; http://127.0.0.1:5201 alone where there is none.</value>
    public IList<Uri> Addresses { get; } = [];

    /// <summary>Longest time for ProbeVideo.</summary>
    /// <value>1 s to 1 hour; 2 minutes by default.</value>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    [Limit(
        "", "Time for reading what a video is; past it the attempt of the job fails.",
        Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Longest time for one segment.</summary>
    /// <value>1 s to 1 day; 10 minutes by default.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    [Limit(
        "", "Time for one segment, waiting for its turn included; past it the attempt fails.",
        Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan SegmentTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Longest time for one question after a service's health; one that does not answer within it is lost, and its
    /// segments are given up.
    /// </summary>
    /// <value>100 ms to 1 minute; 5 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    [Limit(
        "", "Time for an InferenceService to answer a health check; past it its segments are given up.",
        Reason = ErrorReason.InferenceUnavailable)]
    public TimeSpan HealthTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Wait between two questions after the health of a service.</summary>
    /// <value>10 ms to 1 minute; 500 ms by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan HealthInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Largest answer to a segment in bytes.</summary>
    /// <value>1 MiB to 1 GiB; 64 MiB by default. The InferenceService has its own, lower limit.</value>
    [Range(1 << 20, 1 << 30)]
    [Limit(
        "bytes", "Largest answer to a segment; a larger one fails the attempt.",
        Reason = ErrorReason.ResultsTooLarge)]
    public int MaxResponseBytes { get; set; } = 64 << 20;
}
