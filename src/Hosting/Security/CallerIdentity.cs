using System.Security.Claims;

namespace ForegSyte.Hosting.Security;

/// <summary>A caller as ASP.NET Core hands identities on.</summary>
/// <param name="caller">The caller.</param>
/// <param name="scheme">How the caller was identified.</param>
internal sealed class CallerIdentity(Caller caller, string scheme) : ClaimsIdentity(scheme)
{
    /// <summary>The caller.</summary>
    public Caller Caller { get; } = caller;

    /// <inheritdoc />
    public override string Name => Caller.Id;
}
