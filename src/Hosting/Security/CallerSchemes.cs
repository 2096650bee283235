using ForegSyte.Hosting.Listening;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Security;

/// <summary>
/// The ways to identify a caller, and which one a call goes. The first that a call carries something for decides: a
/// wrong key is refused and not made up for by a right certificate.
/// </summary>
internal static class CallerSchemes
{
    /// <summary>The scheme that chooses among the others.</summary>
    public const string Caller = "Caller";

    public const string ApiKey = "ApiKey";

    public const string Jwt = "Bearer";

    public const string Certificate = "Certificate";

    /// <summary>A call over the Unix socket, which only those can open whom its permissions let.</summary>
    public const string Local = "Local";

    /// <summary>Everyone where nothing says who may call; otherwise nobody.</summary>
    public const string Anonymous = "Anonymous";

    /// <summary>The scheme for a call.</summary>
    public static string Choose(HttpContext call, AccessRules rules)
    {
        if (rules.IsOpen)
        {
            return Anonymous;
        }

        if (PresentedCredentials.ApiKey(call.Request.Headers) is not null)
        {
            return ApiKey;
        }

        if (PresentedCredentials.HasAuthorization(call.Request.Headers))
        {
            return rules.HasJwt ? Jwt : ApiKey;
        }

        if (call.Features.Get<LocalConnection>() is not null)
        {
            return Local;
        }

        return call.Connection.ClientCertificate is null ? Anonymous : Certificate;
    }
}
