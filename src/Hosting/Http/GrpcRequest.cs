using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// The in-memory gRPC request of an HTTP request: a context of its own with the same connection and caller, which
/// passes through the whole gRPC pipeline.
/// </summary>
internal sealed class GrpcRequest : IRequestBodyPipeFeature
{
    /// <summary>Headers that describe the HTTP body or would change the gRPC body.</summary>
    private static readonly string[] BodyHeaders =
    [
        "Content-Length", "Content-Encoding", "Transfer-Encoding", "Accept-Encoding", "Connection", "Expect", "Upgrade",
        "grpc-encoding", "grpc-accept-encoding",
    ];

    private GrpcRequest(PipeReader message) => Reader = message;

    /// <inheritdoc />
    public PipeReader Reader { get; }

    /// <summary>Creates the request context.</summary>
    /// <param name="request">The HTTP request; its headers become metadata.</param>
    /// <param name="methodPath">gRPC path, for example "/foregsyte.v1.JobService/GetJob".</param>
    /// <param name="message">The request message with its prefix.</param>
    /// <param name="response">Receives the response.</param>
    /// <param name="download">Receives the file of a download; null for other calls.</param>
    public static HttpContext Make(
        HttpContext request, string methodPath, PipeReader message, GrpcResponse response, FileDownload? download)
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
        features.Set(download);
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
            if (!BodyHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
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

/// <summary>The in-memory response of a gRPC call: at most one message, and a status.</summary>
internal sealed class GrpcResponse
    : IHttpResponseFeature, IHttpResponseBodyFeature, IHttpResponseTrailersFeature, IHttpResetFeature
{
    private readonly HttpResponse _outer;

    // One message, whose size the method limits; the writer never waits for a reader.
    private readonly Pipe _body = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Stack<(Func<object, Task> Callback, object State)> _onStarting = new();

    /// <param name="outer">The HTTP response, which runs the OnCompleted callbacks.</param>
    public GrpcResponse(HttpResponse outer)
    {
        _outer = outer;
        Stream = _body.Writer.AsStream();
    }

    /// <inheritdoc />
    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    /// <inheritdoc />
    public string? ReasonPhrase { get; set; }

    /// <inheritdoc />
    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    /// <inheritdoc />
    public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();

    /// <inheritdoc />
    public bool HasStarted { get; private set; }

    /// <inheritdoc />
    public Stream Stream { get; }

    /// <inheritdoc />
    public PipeWriter Writer => _body.Writer;

    // Required by the obsolete interface; Stream replaces it.
    Stream IHttpResponseFeature.Body
    {
        get => Stream;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc />
    public void OnStarting(Func<object, Task> callback, object state) => _onStarting.Push((callback, state));

    /// <inheritdoc />
    public void OnCompleted(Func<object, Task> callback, object state) => _outer.OnCompleted(callback, state);

    /// <inheritdoc />
    public void DisableBuffering()
    {
    }

    /// <summary>
    /// Does nothing: gRPC resets the stream after a deadline, but the HTTP request must still get a response.
    /// </summary>
    public void Reset(int errorCode)
    {
    }

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (!HasStarted)
        {
            HasStarted = true;
            while (_onStarting.TryPop(out var next))
            {
                await next.Callback(next.State);
            }
        }
    }

    /// <inheritdoc />
    public Task CompleteAsync() => StartAsync();

    /// <inheritdoc />
    public Task SendFileAsync(
        string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>A value of the status, from the trailers or, without a message, from the headers.</summary>
    public string StatusValue(string name) =>
        Trailers.TryGetValue(name, out var value) || Headers.TryGetValue(name, out value) ? value.ToString() : "";

    /// <summary>Ends the response and returns its bytes.</summary>
    public async ValueTask<ReadOnlySequence<byte>> ReadAllAsync()
    {
        await StartAsync();
        await _body.Writer.CompleteAsync();
        return (await _body.Reader.ReadAsync()).Buffer;
    }

    /// <summary>Releases the memory of the response.</summary>
    public void Release() => _body.Reader.Complete();
}
