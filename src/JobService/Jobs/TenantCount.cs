namespace ForegSyte.Jobs;

/// <summary>How many jobs a tenant has.</summary>
/// <param name="Tenant">Name of the tenant.</param>
/// <param name="Jobs">Those of every status.</param>
/// <param name="Pending">Those that are pending.</param>
internal sealed record TenantCount(string Tenant, int Jobs, int Pending);
