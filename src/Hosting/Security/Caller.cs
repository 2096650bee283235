using System.Security.Claims;
using ForegSyte.Protocol.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Security;

/// <summary>The authenticated caller of a call.</summary>
/// <param name="Id">Name in the audit log: the id of an API key, or the subject of a token or certificate.</param>
/// <param name="Tenant">Tenant that owns the caller's jobs and uploads; empty without authentication.</param>
/// <param name="Permissions">Permissions of the caller.</param>
public sealed record Caller(string Id, string Tenant, CallerPermissions Permissions)
{
    /// <summary>Every caller when no credentials are configured: an admin of the only tenant.</summary>
    public static readonly Caller Anonymous = new("anonymous", "", CallerPermissions.Admin);

    /// <summary>Whether the caller can read and change the data of every tenant.</summary>
    public bool IsAdmin => Permissions.HasFlag(CallerPermissions.Admin);

    /// <summary>The tenant to which lists are restricted; null for callers who see every tenant.</summary>
    public string? VisibleTenant => IsAdmin ? null : Tenant;

    /// <summary>
    /// Whether the caller can see data of a tenant. Calls return NOT_FOUND for data that the caller cannot see.
    /// </summary>
    public bool CanSee(string tenant) => IsAdmin || Tenant == tenant;

    /// <summary>Whether the caller has a permission; admins have all.</summary>
    public bool May(CallerPermissions permission) => IsAdmin || Permissions.HasFlag(permission);
}

/// <summary>Permissions of callers. The configuration uses the names in lower case.</summary>
[Flags]
public enum CallerPermissions
{
    None = 0,

    /// <summary>Create and change jobs and uploads of the caller's tenant.</summary>
    Submit = 1,

    /// <summary>Read jobs and results of the caller's tenant, and information about the server.</summary>
    Read = 2,

    /// <summary>Everything, for every tenant.</summary>
    Admin = 4,
}

/// <summary>Tenant and permissions that the configuration grants to a caller.</summary>
/// <param name="Tenant">Tenant of the caller.</param>
/// <param name="Permissions">Permissions of the caller.</param>
internal sealed record CallerGrant(string Tenant, CallerPermissions Permissions)
{
    /// <summary>Longest tenant name in characters.</summary>
    public const int MaxTenantLength = 100;

    private static readonly Dictionary<string, CallerPermissions> ByName = new()
    {
        ["submit"] = CallerPermissions.Submit,
        ["read"] = CallerPermissions.Read,
        ["admin"] = CallerPermissions.Admin,
    };

    /// <summary>Parses a grant.</summary>
    /// <param name="whose">Start of the error message, for example "The key ci-1".</param>
    /// <param name="tenant">Name of the tenant.</param>
    /// <param name="permissions">Names of permissions.</param>
    /// <exception cref="FormatException">A name is invalid, or there are no permissions.</exception>
    public static CallerGrant Parse(string whose, string tenant, IEnumerable<string> permissions)
    {
        if (!IsTenant(tenant))
        {
            throw new FormatException(
                $"{whose} needs a tenant of 1 to {MaxTenantLength} characters without white space and control "
                + "characters.");
        }

        var granted = CallerPermissions.None;
        foreach (var name in permissions)
        {
            granted |= ByName.TryGetValue(name, out var permission)
                ? permission
                : throw new FormatException($"{whose} has an unknown permission; use submit, read or admin.");
        }

        return granted == CallerPermissions.None
            ? throw new FormatException($"{whose} needs permissions: submit, read or admin.")
            : new CallerGrant(tenant, granted);
    }

    /// <summary>Whether the text is a valid tenant name.</summary>
    public static bool IsTenant(string text) =>
        text.Length is > 0 and <= MaxTenantLength && !text.Any(char.IsWhiteSpace) && !ControlCharacters.IsIn(text);

    /// <summary>
    /// The permissions with these names. Other names are ignored, because tokens also carry permissions for other
    /// services.
    /// </summary>
    public static CallerPermissions PermissionsAmong(IEnumerable<string> names) =>
        names.Aggregate(CallerPermissions.None, (granted, name) => granted | ByName.GetValueOrDefault(name));

    /// <summary>Name of a single permission.</summary>
    public static string NameOf(CallerPermissions permission) =>
        ByName.Single(pair => pair.Value == permission).Key;
}

/// <summary>A <see cref="Security.Caller"/> as an ASP.NET Core identity.</summary>
/// <param name="caller">The caller.</param>
/// <param name="scheme">Authentication scheme.</param>
internal sealed class CallerIdentity(Caller caller, string scheme) : ClaimsIdentity(scheme)
{
    public Caller Caller { get; } = caller;

    /// <inheritdoc />
    public override string Name => Caller.Id;
}

/// <summary>Access to the caller of a call.</summary>
public static class CallerExtensions
{
    /// <summary>The caller. Authorization has run, so there always is one.</summary>
    public static Caller Caller(this ServerCallContext context) => context.GetHttpContext().Caller();

    /// <summary>The caller. Authorization has run, so there always is one.</summary>
    /// <exception cref="InvalidOperationException">The call was not authorized; a defect of the service.</exception>
    public static Caller Caller(this HttpContext context) => context.FindCaller()
        ?? throw new InvalidOperationException($"The call {context.Request.Path} is not authenticated.");

    /// <summary>The caller; null for calls that need no authentication.</summary>
    internal static Caller? FindCaller(this HttpContext context) => (context.User.Identity as CallerIdentity)?.Caller;
}
