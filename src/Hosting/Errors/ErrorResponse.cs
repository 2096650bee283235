using System.Globalization;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Errors;

/// <summary>Answers a call with an error where gRPC itself has not begun to.</summary>
internal static class ErrorResponse
{
    public const string StatusHeader = "grpc-status";
    public const string MessageHeader = "grpc-message";
    public const string DetailsHeader = "grpc-status-details-bin";

    /// <summary>A "Trailers-Only" answer: status and details in the one header frame that ends the stream.</summary>
    public static async Task WriteAsync(HttpResponse response, ServiceException failure)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        Set(response.Headers, failure);
        await response.CompleteAsync();
    }

    /// <summary>Writes status, message and details over what is there.</summary>
    public static void Set(IHeaderDictionary headers, ServiceException failure)
    {
        var status = RichStatus.From(failure);
        headers[StatusHeader] = status.Code.ToString(CultureInfo.InvariantCulture);
        headers[MessageHeader] = Uri.EscapeDataString(status.Message);

        // Binary metadata is base64; the specification allows it without padding, which every implementation reads.
        headers[DetailsHeader] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
    }
}
