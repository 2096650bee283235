using System.Globalization;
using ForegSyte.Hosting.Errors;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// A "Trailers-Only" answer: status and details in the one header frame that ends the stream (PROTOCOL-HTTP2.md). For
/// calls that end before gRPC has a message, where no interceptor is reached.
/// </summary>
internal static class TrailersOnly
{
    /// <summary>Answers with a failure, in the place of what was to be answered and has not begun to be.</summary>
    public static async Task AnswerAsync(HttpResponse response, ServiceException failure)
    {
        var status = RichStatus.From(failure);
        response.StatusCode = Microsoft.AspNetCore.Http.StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = status.Code.ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Uri.EscapeDataString(status.Message);

        // Binary metadata is base64; the specification allows it without padding, which every implementation reads.
        response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
        await response.CompleteAsync();
    }
}
