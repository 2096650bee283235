namespace ForegSyte.Jobs.Filters;

/// <summary>The kinds of words that a filter is made of.</summary>
internal enum FilterTokenKind
{
    /// <summary>An unquoted word: a field, a keyword or a value.</summary>
    Word,

    /// <summary>A quoted string.</summary>
    Quoted,

    /// <summary>A comparison operator.</summary>
    Comparison,

    /// <summary>"(".</summary>
    Open,

    /// <summary>")".</summary>
    Close,

    /// <summary>A "-" before a term: NOT.</summary>
    Minus,

    /// <summary>The end of the filter.</summary>
    End,
}
