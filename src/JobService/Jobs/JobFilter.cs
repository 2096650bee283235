namespace ForegSyte.Jobs;

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
    /// <param name="Field">The field.</param>
    /// <param name="Operator">The comparison.</param>
    /// <param name="Value">
    /// A <see cref="V1.JobStatus"/>, a <see cref="TextPattern"/>, a <see cref="TagPattern"/>, a
    /// <see cref="JobIdRange"/> or a <see cref="DateTimeOffset"/> (UTC, whole microseconds), depending on the field.
    /// </param>
    internal sealed record Comparison(FilterField Field, FilterOperator Operator, object Value) : JobFilter;
}

/// <summary>The fields of a job that a filter can name.</summary>
internal enum FilterField
{
    Status,
    PipelineId,
    DisplayName,
    CreatedAt,
    Tags,
    JobId,
    Tenant,
}

/// <summary>Comparison operators of AIP-160.</summary>
internal enum FilterOperator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,

    /// <summary>":": a text contains a text, without regard to case; a job has a tag.</summary>
    Has,
}

/// <summary>The right side of a text comparison: a text, with a wildcard on either side if a '*' stood there.</summary>
/// <param name="Text">The text between the wildcards, case-sensitive.</param>
/// <param name="AnyBefore">Whether any characters can precede the text.</param>
/// <param name="AnyAfter">Whether any characters can follow the text.</param>
internal sealed record TextPattern(string Text, bool AnyBefore, bool AnyAfter);

/// <summary>The right side of a condition over tags.</summary>
/// <param name="Key">Key of the tag.</param>
/// <param name="Value">The value, case-sensitive; null if only the key counts.</param>
internal sealed record TagPattern(string Key, TextPattern? Value);

/// <summary>The right side of a condition over the job's id: all ids with the same first digits, or one id.</summary>
/// <param name="First">The smallest id.</param>
/// <param name="Last">The greatest id.</param>
internal sealed record JobIdRange(Guid First, Guid Last);

/// <summary>A filter is not a valid expression.</summary>
/// <param name="position">Position of the error, in characters counted from 1.</param>
/// <param name="problem">What is wrong and what was expected.</param>
internal sealed class FilterSyntaxException(int position, string problem)
    : Exception(FormattableString.Invariant($"The filter is wrong at character {position}: {problem}"))
{
    public int Position { get; } = position;

    public string Problem { get; } = problem;
}
