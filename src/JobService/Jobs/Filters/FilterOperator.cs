namespace ForegSyte.Jobs.Filters;

/// <summary>Comparison operators of AIP-160.</summary>
internal enum FilterOperator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
