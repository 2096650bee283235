using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>A dispatcher's time-limited right to run a job.</summary>
/// <param name="Token">New at every claim; transitions refuse an older token.</param>
/// <param name="ExpiresAt">When another dispatcher can take the job over, unless the holder renews the lease.</param>
internal sealed record Lease(Guid Token, DateTimeOffset ExpiresAt);

/// <summary>How long leases last and how often they are renewed and checked. Section "Dispatch".</summary>
internal sealed class LeaseOptions
{
    public const string Section = "Dispatch";

    /// <summary>How long a lease lasts without a renewal.</summary>
    /// <value>1 s to 1 hour; 15 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    [Limit(
        "", "How long a running job can go without a heartbeat; then it runs again.",
        Reason = ErrorReason.LeaseLost)]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Interval between renewals; at most half of <see cref="LeaseDuration"/>.</summary>
    /// <value>100 ms to 30 minutes; 5 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:30:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Interval between searches for jobs with an expired lease.</summary>
    /// <value>10 ms to 1 minute; 1 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan RescueInterval { get; set; } = TimeSpan.FromSeconds(1);
}
