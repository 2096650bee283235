using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>
/// Verifies presigned addresses as S3 does. Implements "Authenticating Requests: Using Query Parameters (AWS Signature
/// Version 4)" of the Amazon S3 API Reference, independently of the library that signs.
/// </summary>
internal static class SignatureV4
{
    /// <summary>The signature of a GET of a raw target ("/key?query", without X-Amz-Signature).</summary>
    public static string Of(string host, string rawTarget, string secret)
    {
        var question = rawTarget.IndexOf('?', StringComparison.Ordinal);
        var parameters = rawTarget[(question + 1)..].Split('&')
            .Where(parameter => !parameter.StartsWith("X-Amz-Signature=", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToList();
        var scope = Uri.UnescapeDataString(ValueOf(parameters, "X-Amz-Credential")).Split('/', 2)[1];
        var canonical = string.Join('\n',
            "GET", rawTarget[..question], string.Join('&', parameters), $"host:{host}", "", "host", "UNSIGNED-PAYLOAD");
        var toSign = string.Join('\n',
            "AWS4-HMAC-SHA256", ValueOf(parameters, "X-Amz-Date"), scope,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        var key = scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + secret), Hmac);
        return Convert.ToHexStringLower(Hmac(key, toSign));
    }

    /// <summary>
    /// Returns 403 for a request with a wrong or expired signature, and the given response for all others.
    /// </summary>
    public static RequestDelegate Required(string accessKey, string secret, RequestDelegate answer) => context =>
    {
        var request = context.Request;
        var target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
        var query = request.Query;
        var signedAt = DateTimeOffset.ParseExact(
            query["X-Amz-Date"].ToString(), "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal);
        var age = TimeProvider.System.GetUtcNow() - signedAt;
        var isValid = query["X-Amz-Credential"].ToString().StartsWith(accessKey + "/", StringComparison.Ordinal)
            && age < TimeSpan.FromSeconds(int.Parse(query["X-Amz-Expires"].ToString(), CultureInfo.InvariantCulture))
            && age > -TimeSpan.FromMinutes(1)
            && query["X-Amz-Signature"] == Of(request.Host.Value!, target, secret);
        if (isValid)
        {
            return answer(context);
        }

        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync($"SignatureDoesNotMatch {request.GetEncodedUrl()}");
    };

    private static string ValueOf(IEnumerable<string> parameters, string name) =>
        parameters.Single(parameter => parameter.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
}
