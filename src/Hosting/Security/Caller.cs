namespace ForegSyte.Hosting.Security;

/// <summary>Who makes a call, as far as the service can tell.</summary>
/// <param name="Id">Name for the audit log: the id of an API key, the subject of a token or of a certificate.</param>
/// <param name="Tenant">Whom the caller's jobs and uploads belong to; empty where tenants are not told apart.</param>
/// <param name="Permissions">What the caller may do.</param>
public sealed record Caller(string Id, string Tenant, CallerPermissions Permissions)
{
    /// <summary>Everyone, where nothing says who may call: as if there were one tenant and it were the admin.</summary>
    public static readonly Caller Anonymous = new("anonymous", "", CallerPermissions.Admin);

    /// <summary>Whether the caller sees and changes what every tenant has.</summary>
    public bool IsAdmin => Permissions.HasFlag(CallerPermissions.Admin);

    /// <summary>The tenant that lists are cut down to; null for a caller who sees every tenant.</summary>
    public string? VisibleTenant => IsAdmin ? null : Tenant;

    /// <summary>
    /// Whether the caller may know that something of a tenant exists. What one may not see is answered with NOT_FOUND,
    /// as if it were not there.
    /// </summary>
    public bool CanSee(string tenant) => IsAdmin || Tenant == tenant;

    /// <summary>Whether the caller has a permission; an admin has each.</summary>
    public bool May(CallerPermissions permission) => IsAdmin || Permissions.HasFlag(permission);
}
