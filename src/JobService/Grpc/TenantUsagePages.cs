using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Paging;
using ForegSyte.Hosting.Security;
using ForegSyte.Jobs.Submission;
using ForegSyte.V1;
using Message = ForegSyte.V1.TenantUsage;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Pages of ListTenantUsage.</summary>
internal sealed class TenantUsagePages(TenantUsages usages)
{
    /// <summary>Reads a page of the tenants that the caller can see.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD or INVALID_PAGE_TOKEN.</exception>
    public ListTenantUsageResponse Read(ListTenantUsageRequest request, Caller caller)
    {
        var (items, next) = ListPage.Of(
            "ListTenantUsage", usages.List(caller.VisibleTenant), usage => $"/{usage.Tenant}",
            request.PageSize, request.PageToken);
        return new ListTenantUsageResponse { Usage = { items.Select(MessageOf) }, NextPageToken = next };
    }

    private Message MessageOf(StoredByTenant usage)
    {
        var (videoBytes, resultBytes, jobs) = usages.LimitsOf(usage.Tenant);
        return new Message
        {
            Tenant = usage.Tenant,
            JobCount = usage.Jobs,
            VideoBytes = usage.VideoBytes,
            ResultBytes = usage.ResultBytes,
            UploadCount = usage.Uploads,
            UploadBytes = usage.UploadBytes,
            MaxVideoBytes = videoBytes ?? 0,
            MaxResultBytes = resultBytes ?? 0,
            MaxJobCount = jobs ?? 0,
        };
    }
}
