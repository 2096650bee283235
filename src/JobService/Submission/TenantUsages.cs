using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// What tenants store, from the counts of the quotas: a list costs no query. In a cluster the part of other nodes is
/// about a second old, and the uploads are those of this node.
/// </summary>
internal sealed class TenantUsages(
    PendingJobQuota quota, TenantSpace space, IOptions<TenantOptions> options, JobMetrics metrics) : IHostedService
{
    /// <summary>Maximum number of tenants that the metrics name: those that store most.</summary>
    public const int MaxMeteredTenants = 100;

    /// <summary>Label of the other tenants; no tenant can have this name.</summary>
    private const string OtherTenants = "(others)";

    /// <summary>The usage of each tenant that stores something, ordered by name.</summary>
    /// <param name="tenant">The only tenant to list; null for all.</param>
    public IReadOnlyList<StoredByTenant> List(string? tenant)
    {
        var (jobs, uses) = (quota.Jobs(), space.Uses());
        return
        [
            .. jobs.Keys.Union(uses.Keys)
                .Where(name => tenant is null || name == tenant)
                .Order(StringComparer.Ordinal)
                .Select(name => Of(name, jobs.GetValueOrDefault(name), uses.GetValueOrDefault(name)))

                // A node that ended what another began counts less than nothing.
                .Where(usage => usage != new StoredByTenant(usage.Tenant, 0, 0, 0, 0, 0)),
        ];
    }

    /// <summary>The quotas of a tenant; null for no limit.</summary>
    public (long? VideoBytes, long? ResultBytes, int? Jobs) LimitsOf(string tenant)
    {
        var (videoBytes, resultBytes) = space.LimitsOf(tenant);
        return (videoBytes, resultBytes, options.Value.For(tenant).MaxJobs is > 0 and var jobs ? jobs : null);
    }

    /// <summary>Registers the metrics.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        metrics.ObserveTenants(
            () => Metered().Select(usage => (usage.Tenant, (long)usage.Jobs)),
            () => Metered().SelectMany<StoredByTenant, (string Tenant, string Kind, long Bytes)>(usage =>
            [
                (usage.Tenant, "videos", usage.VideoBytes),
                (usage.Tenant, "results", usage.ResultBytes),
                (usage.Tenant, "uploads", usage.UploadBytes),
            ]));
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The tenants that store most, and the sum of the others.</summary>
    private IEnumerable<StoredByTenant> Metered()
    {
        var all = List(tenant: null);
        if (all.Count <= MaxMeteredTenants)
        {
            return all;
        }

        var bySize = all
            .OrderByDescending(usage => usage.VideoBytes + usage.ResultBytes + usage.UploadBytes)
            .ToList();
        var others = bySize[MaxMeteredTenants..];
        return bySize[..MaxMeteredTenants].Append(new StoredByTenant(
            OtherTenants,
            others.Sum(usage => usage.Jobs),
            others.Sum(usage => usage.VideoBytes),
            others.Sum(usage => usage.ResultBytes),
            others.Sum(usage => usage.Uploads),
            others.Sum(usage => usage.UploadBytes)));
    }

    private static StoredByTenant Of(string tenant, int jobs, SpaceUse use) => new(
        tenant, jobs, use.VideoBytes - use.UploadBytes, use.ResultBytes, use.Uploads, use.UploadBytes);
}

/// <summary>What a tenant stores.</summary>
/// <param name="Tenant">Name of the tenant.</param>
/// <param name="Jobs">Jobs in any status.</param>
/// <param name="VideoBytes">Size of the videos of its jobs.</param>
/// <param name="ResultBytes">Size of its results.</param>
/// <param name="Uploads">Number of its open uploads.</param>
/// <param name="UploadBytes">Size that these uploads announced.</param>
internal sealed record StoredByTenant(
    string Tenant, int Jobs, long VideoBytes, long ResultBytes, int Uploads, long UploadBytes);
