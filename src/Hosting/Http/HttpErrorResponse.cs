using System.Globalization;
using System.Text;
using ForegSyte.Hosting.ConcurrencyLimits;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ForegSyte.Hosting.Http;

/// <summary>Writes answers with JSON in them.</summary>
internal sealed class HttpErrorResponse(SlowCallEvictor slow)
{
    private const string Json = "application/json";

    /// <summary>Writes an answer; a large one is counted, and its reader bounded, until it has left.</summary>
    public async Task WriteAsync(HttpContext context, int status, string json)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = Json;
        response.ContentLength = Encoding.UTF8.GetByteCount(json);

        // Jobs change, and are nobody else's; and a browser is not to take JSON for anything else.
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        using var transfer = new CallTransfer(context, slow);
        Encoding.UTF8.GetBytes(json, response.BodyWriter);
        await transfer.LeaveAsync();
    }

    /// <summary>Writes an error.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">The error.</param>
    /// <param name="status">Its HTTP status, where that is not the one of its code.</param>
    public Task WriteErrorAsync(HttpContext context, Google.Rpc.Status error, int? status = null)
    {
        var headers = context.Response.Headers;
        if (HttpStatus.RetryAfterOf(error) is { } seconds)
        {
            headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (error.Code == (int)StatusCode.Unauthenticated)
        {
            headers[HeaderNames.WWWAuthenticate] = "Bearer";
        }

        return WriteAsync(context, status ?? HttpStatus.CodeOf(error), HttpStatus.ToJson(error));
    }
}
