using System.Globalization;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// Answers a call that gRPC never gets to see with its failure: status and details in the one header frame that ends
/// the stream ("Trailers-Only" in grpc/doc/PROTOCOL-HTTP2.md).
/// </summary>
internal static class TrailersOnly
{
    /// <summary>Ends a call with a failure.</summary>
    public static Task AnswerAsync(HttpResponse response, ServiceException failure)
    {
        var status = RichStatus.From(failure);
        response.StatusCode = Microsoft.AspNetCore.Http.StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = status.Code.ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Uri.EscapeDataString(status.Message);

        // Binary metadata is base64; the specification allows it without padding, which every implementation reads.
        response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
        return response.CompleteAsync();
    }
}
