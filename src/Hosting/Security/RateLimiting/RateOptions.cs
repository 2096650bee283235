using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Security.RateLimiting;

/// <summary>How many calls a tenant may make. Section "Rate".</summary>
public sealed class RateOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Rate";

    /// <value>
    /// Calls a second that each tenant may make for long; past that RATE_LIMITED. 0 for as many as it can. Health and
    /// reflection do not count.
    /// </value>
    [Range(0, 1_000_000)]
    [Limit(
        "calls/s", "Calls that each tenant may make for long, 0 for any number; more are refused with a retry delay.",
        Reason = ErrorReason.RateLimited)]
    public double CallsPerSecond { get; set; }

    /// <value>Calls that a tenant which made none for a while may make at once.</value>
    [Range(1, 10_000_000)]
    [Limit(
        "calls", "Calls that a tenant which made none for a while may make at once, where there is a rate.",
        Reason = ErrorReason.RateLimited)]
    public int BurstCalls { get; set; } = 1_000;
}
