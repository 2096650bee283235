using ForegSyte.V1;

namespace ForegSyte.Protocol.Limits;

/// <summary>
/// An option, or a constant that no option changes, that limits callers or what is done for them. It is published as a
/// <see cref="Limit"/> by GetServerInfo and in docs/limits.md, with its range and its default read from the code.
/// </summary>
/// <param name="unit">What is counted: bytes, frames, calls and so on; empty for a duration.</param>
/// <param name="description">What it limits and what happens past it, a sentence.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class LimitAttribute(string unit, string description) : Attribute
{
    /// <summary>What is counted; empty for a duration.</summary>
    public string Unit { get; } = unit;

    /// <summary>What it limits and what happens past it.</summary>
    public string Description { get; } = description;

    /// <summary>Reason of the error past it; none where there is no error.</summary>
    public ErrorReason Reason { get; set; }

    /// <summary>
    /// Name of a constant, for example "ListJobsRequest.page_size"; options are named by their section.
    /// </summary>
    public string? Name { get; set; }
}
