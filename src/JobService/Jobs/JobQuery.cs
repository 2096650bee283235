using ForegSyte.Jobs.Filters;

namespace ForegSyte.Jobs;

/// <summary>Which jobs a page holds.</summary>
/// <param name="Filter">Condition; null for all jobs.</param>
/// <param name="After">The last job of the page before; null for the first page.</param>
/// <param name="Limit">Most jobs to return.</param>
/// <param name="Tenant">Whose jobs; null for those of every tenant.</param>
internal sealed record JobQuery(JobFilter? Filter, JobPosition? After, int Limit, string? Tenant = null);
