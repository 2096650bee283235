namespace ForegSyte.Jobs.Filters;

/// <summary>The fields of a job that a filter may name.</summary>
internal enum FilterField
{
    Status,
    PipelineId,
    DisplayName,
    CreatedAt,
}
