using ForegSyte.V1;

namespace ForegSyte.Protocol.Limits;

/// <summary>
/// Marks an option or a constant as a limit for callers or their work. GetServerInfo returns it as a
/// <see cref="Limit"/>, and docs/limits.md lists it with its range and default.
/// </summary>
/// <param name="unit">Unit: bytes, frames, calls and so on; empty for a duration.</param>
/// <param name="description">What it limits and what happens when it is exceeded, a sentence.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class LimitAttribute(string unit, string description) : Attribute
{
    /// <summary>Unit; empty for a duration.</summary>
    public string Unit { get; } = unit;

    /// <summary>What it limits and what happens when it is exceeded.</summary>
    public string Description { get; } = description;

    /// <summary>Error reason when it is exceeded; unspecified for none.</summary>
    public ErrorReason Reason { get; set; }

    /// <summary>
    /// Name of a constant, for example "ListJobsRequest.page_size"; options have the name of their section.
    /// </summary>
    public string? Name { get; set; }
}
