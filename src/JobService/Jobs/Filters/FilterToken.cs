namespace ForegSyte.Jobs.Filters;

/// <summary>One word of a filter.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The word as it is written; for a quoted string the characters between the quotes.</param>
/// <param name="Position">Where it begins, in characters counted from 1.</param>
internal readonly record struct FilterToken(FilterTokenKind Kind, string Text, int Position)
{
    /// <summary>The word as a person would name it in a message.</summary>
    public string Description => Kind switch
    {
        FilterTokenKind.End => "the end of the filter",
        FilterTokenKind.Quoted => $"\"{Text}\"",
        _ => $"'{Text}'",
    };

    /// <summary>Whether this is a keyword. Keywords are in capitals and not quoted (AIP-160).</summary>
    public bool Is(string keyword) => Kind == FilterTokenKind.Word && Text == keyword;
}
