namespace ForegSyte.Hosting.Security;

/// <summary>What a line of the configuration gives a caller.</summary>
/// <param name="Tenant">Whom the caller's jobs belong to.</param>
/// <param name="Permissions">What the caller may do.</param>
internal sealed record CallerGrant(string Tenant, CallerPermissions Permissions)
{
    /// <summary>Longest name of a tenant in characters.</summary>
    public const int MaxTenantLength = 100;

    private static readonly Dictionary<string, CallerPermissions> ByName = new()
    {
        ["submit"] = CallerPermissions.Submit,
        ["read"] = CallerPermissions.Read,
        ["admin"] = CallerPermissions.Admin,
    };

    /// <summary>Reads a grant.</summary>
    /// <param name="whose">Beginning of the message, for example "The key ci-1".</param>
    /// <param name="tenant">Name of the tenant.</param>
    /// <param name="permissions">Names of permissions.</param>
    /// <exception cref="FormatException">A name is not right, or nothing is granted.</exception>
    public static CallerGrant Parse(string whose, string tenant, IEnumerable<string> permissions)
    {
        if (!IsTenant(tenant))
        {
            throw new FormatException(
                $"{whose} needs a tenant: 1 to {MaxTenantLength} characters, none of them white space or a control "
                + "character.");
        }

        var granted = CallerPermissions.None;
        foreach (var name in permissions)
        {
            granted |= ByName.TryGetValue(name, out var permission)
                ? permission
                : throw new FormatException($"{whose} has a permission that is none of submit, read and admin.");
        }

        return granted == CallerPermissions.None
            ? throw new FormatException($"{whose} needs permissions: submit, read or admin.")
            : new CallerGrant(tenant, granted);
    }

    /// <summary>Whether a text may be the name of a tenant.</summary>
    public static bool IsTenant(string text) =>
        text.Length is > 0 and <= MaxTenantLength && !text.Any(x => char.IsControl(x) || char.IsWhiteSpace(x));

    /// <summary>The permissions among these names; other names are left out, as tokens have some for others.</summary>
    public static CallerPermissions PermissionsAmong(IEnumerable<string> names) =>
        names.Aggregate(CallerPermissions.None, (granted, name) => granted | ByName.GetValueOrDefault(name));

    /// <summary>The name of one permission.</summary>
    public static string NameOf(CallerPermissions permission) =>
        ByName.Single(pair => pair.Value == permission).Key;
}
