using ForegSyte.Hosting.Security.ApiKeys;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Security;

/// <summary>What a call carries in its headers. Pure.</summary>
internal static class PresentedCredentials
{
    /// <summary>The header for API keys.</summary>
    public const string ApiKeyHeader = "x-api-key";

    private const string Bearer = "Bearer ";

    /// <summary>
    /// The API key of a call: in a header of its own, or as a bearer token, which every gRPC library can send; null
    /// where there is none. The prefix of keys tells them from other tokens.
    /// </summary>
    public static string? ApiKey(IHeaderDictionary headers)
    {
        if (headers[ApiKeyHeader] is { Count: > 0 } sent)
        {
            // Two keys are none: one of two callers would be chosen by chance.
            return sent.Count == 1 ? sent[0] : "";
        }

        return BearerToken(headers) is { } token && token.StartsWith(ApiKeyText.Prefix, StringComparison.Ordinal)
            ? token
            : null;
    }

    /// <summary>Whether a call carries an authorization header at all.</summary>
    public static bool HasAuthorization(IHeaderDictionary headers) => headers.Authorization.Count > 0;

    private static string? BearerToken(IHeaderDictionary headers) =>
        headers.Authorization is [{ } text] && text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? text[Bearer.Length..].Trim()
            : null;
}
