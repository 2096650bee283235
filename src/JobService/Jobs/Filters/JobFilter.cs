namespace ForegSyte.Jobs.Filters;

/// <summary>A condition over jobs, parsed from an AIP-160 expression.</summary>
internal abstract record JobFilter
{
    private JobFilter()
    {
    }

    /// <summary>Both sides hold.</summary>
    internal sealed record And(JobFilter Left, JobFilter Right) : JobFilter;

    /// <summary>At least one side holds.</summary>
    internal sealed record Or(JobFilter Left, JobFilter Right) : JobFilter;

    /// <summary>The inner condition does not hold.</summary>
    internal sealed record Not(JobFilter Inner) : JobFilter;

    /// <summary>A field compared with a value.</summary>
    /// <param name="Field">Which field.</param>
    /// <param name="Operator">How.</param>
    /// <param name="Value">
    /// A <see cref="V1.JobStatus"/>, a <see cref="TextPattern"/> or a <see cref="DateTimeOffset"/> (UTC, whole
    /// microseconds), as the field wants it.
    /// </param>
    internal sealed record Comparison(FilterField Field, FilterOperator Operator, object Value) : JobFilter;
}
