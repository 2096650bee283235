namespace ForegSyte.Jobs.Tenants;

/// <summary>
/// What a tenant can use at most: its own limit, or else a share of what the server has. A service without
/// authentication has one tenant, without a name, which can use everything. Pure.
/// </summary>
internal static class TenantShare
{
    // Together half of the space: one tenant can never fill it.
    private const double VideoShare = 0.4;
    private const double ResultShare = 0.1;

    /// <summary>Maximum size of a tenant's videos.</summary>
    public static long VideoBytes(TenantOptions options, string tenant, long spaceBytes) =>
        Bytes(options.MaxVideoBytes, tenant, VideoShare, spaceBytes);

    /// <summary>Maximum size of a tenant's results.</summary>
    public static long ResultBytes(TenantOptions options, string tenant, long spaceBytes) =>
        Bytes(options.MaxResultBytes, tenant, ResultShare, spaceBytes);

    /// <summary>Maximum number of a tenant's open uploads; the server's limit holds too.</summary>
    public static int OpenUploads(TenantOptions options, string tenant, int serverLimit) =>
        options.MaxOpenUploads switch
        {
            > 0 and var limit => limit,
            _ when tenant.Length == 0 => int.MaxValue,
            _ => Math.Max(1, serverLimit / 2),
        };

    private static long Bytes(long limit, string tenant, double share, long spaceBytes) => limit switch
    {
        > 0 => limit,
        _ when tenant.Length == 0 => long.MaxValue,
        _ => (long)(spaceBytes * share),
    };
}
