using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>How much each tenant may have. Section "Tenants".</summary>
internal sealed class TenantOptions
{
    public const string Section = "Tenants";

    /// <summary>
    /// Pending jobs that each tenant may have; past that SubmitVideo and RetryJob answer TENANT_QUOTA_EXCEEDED.
    /// </summary>
    /// <value>1 to 1000000; 0, the default, for as many as the server takes.</value>
    [Range(0, 1_000_000)]
    [Limit(
        "jobs", "Pending jobs of each tenant, 0 for the server's limit alone; one more is refused with a retry delay.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public int MaxPendingJobs { get; set; }

    /// <summary>
    /// Jobs of every status that each tenant may have; past that SubmitVideo answers TENANT_QUOTA_EXCEEDED until some
    /// are deleted.
    /// </summary>
    /// <value>1 to 1000000000; 0, the default, for any number.</value>
    [Range(0, 1_000_000_000)]
    [Limit(
        "jobs", "Jobs of every status of each tenant, 0 for any number; one more is refused until some are deleted.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public int MaxJobs { get; set; }
}
