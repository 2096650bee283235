using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// The gRPC call that an HTTP request stands for: a context of its own over the same connection and the same caller,
/// which goes the way of every other call.
/// </summary>
internal sealed class GrpcRequest : IRequestBodyPipeFeature
{
    /// <summary>What belongs to the body of the HTTP request, or would change that of the call.</summary>
    private static readonly string[] OfTheBody =
    [
        "Content-Length", "Content-Encoding", "Transfer-Encoding", "Accept-Encoding", "Connection", "Expect", "Upgrade",
        "grpc-encoding", "grpc-accept-encoding",
    ];

    private GrpcRequest(PipeReader message) => Reader = message;

    /// <inheritdoc />
    public PipeReader Reader { get; }

    /// <summary>Makes the call.</summary>
    /// <param name="request">The HTTP request; its headers are the metadata of the call.</param>
    /// <param name="methodPath">Path of the method, for example "/foregsyte.v1.JobService/GetJob".</param>
    /// <param name="message">The request message with its prefix.</param>
    /// <param name="response">Takes the answer.</param>
    public static HttpContext Make(
        HttpContext request, string methodPath, PipeReader message, GrpcResponse response)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Protocol = HttpProtocol.Http2,
            Method = HttpMethods.Post,
            Scheme = request.Request.Scheme,
            Path = methodPath,
            RawTarget = methodPath,
            Headers = HeadersOf(request.Request),
        });
        features.Set<IRequestBodyPipeFeature>(new GrpcRequest(message));
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(response);
        features.Set<IHttpResponseTrailersFeature>(response);
        features.Set<IHttpResetFeature>(response);
        Share<IHttpConnectionFeature>(request, features);
        Share<ITlsConnectionFeature>(request, features);
        Share<IHttpRequestLifetimeFeature>(request, features);
        Share<IHttpRequestIdentifierFeature>(request, features);
        Share<IHttpActivityFeature>(request, features);
        return new DefaultHttpContext(features) { RequestServices = request.RequestServices };
    }

    private static IHeaderDictionary HeadersOf(HttpRequest request)
    {
        IHeaderDictionary headers = new HeaderDictionary();
        foreach (var (name, value) in request.Headers)
        {
            if (!OfTheBody.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                headers[name] = value;
            }
        }

        headers.ContentType = "application/grpc";
        headers.TE = "trailers";
        return headers;
    }

    private static void Share<TFeature>(HttpContext from, FeatureCollection to) =>
        to.Set(from.Features.Get<TFeature>());
}
