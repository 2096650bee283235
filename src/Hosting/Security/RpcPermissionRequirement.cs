using Microsoft.AspNetCore.Authorization;

namespace ForegSyte.Hosting.Security;

/// <summary>The caller needs the permission that <see cref="RpcRules"/> has for the call.</summary>
internal sealed class RpcPermissionRequirement : IAuthorizationRequirement;
