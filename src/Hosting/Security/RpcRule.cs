namespace ForegSyte.Hosting.Security;

/// <summary>Who may make a call, and whether it is written down.</summary>
/// <param name="Permission">The permission that the caller needs.</param>
/// <param name="IsAudited">Whether the audit log has a line for each call, as for all that changes something.</param>
public sealed record RpcRule(CallerPermissions Permission, bool IsAudited = false);
