using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tenants;

/// <summary>
/// The limits of each tenant. Section "Tenants"; "Tenants:PerTenant:{tenant}:{option}" overrides an option for one
/// tenant.
/// </summary>
internal sealed class TenantOptions
{
    public const string Section = "Tenants";

    /// <summary>
    /// Maximum number of pending jobs of each tenant. Above it SubmitVideo and RetryJob return TENANT_QUOTA_EXCEEDED.
    /// </summary>
    /// <value>1 to 1000000; 0, the default, for the server's limit alone.</value>
    [Range(0, 1_000_000)]
    [Limit(
        "jobs", "Maximum number of pending jobs of each tenant, 0 for the server's limit alone; above it SubmitVideo "
        + "and RetryJob are refused with a retry delay.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public int MaxPendingJobs { get; set; }

    /// <summary>
    /// Maximum number of jobs of each tenant, in any status. Above it SubmitVideo returns TENANT_QUOTA_EXCEEDED until
    /// the tenant deletes jobs.
    /// </summary>
    /// <value>1 to 1000000000; 0, the default, for no limit.</value>
    [Range(0, 1_000_000_000)]
    [Limit(
        "jobs", "Maximum number of jobs of each tenant in any status, 0 for no limit; above it SubmitVideo is refused "
        + "until the tenant deletes jobs.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public int MaxJobs { get; set; }

    /// <summary>
    /// The options of tenants that have their own; an option that is not overridden has the value of all tenants.
    /// Names ignore case, like all configuration keys.
    /// </summary>
    public IDictionary<string, TenantOptions> PerTenant { get; } =
        new Dictionary<string, TenantOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The limits of a tenant.</summary>
    public TenantOptions For(string tenant) => PerTenant.TryGetValue(tenant, out var own) ? own : this;
}
