namespace ForegSyte.Jobs.Filters;

/// <summary>A filter is not a valid expression.</summary>
/// <param name="position">Where, in characters counted from 1.</param>
/// <param name="problem">What is wrong there and what was expected.</param>
internal sealed class FilterSyntaxException(int position, string problem)
    : Exception(FormattableString.Invariant($"The filter is wrong at character {position}: {problem}"))
{
    /// <summary>Where, in characters counted from 1.</summary>
    public int Position { get; } = position;

    /// <summary>What is wrong there and what was expected.</summary>
    public string Problem { get; } = problem;
}
