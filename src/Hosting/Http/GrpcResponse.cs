using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ForegSyte.Hosting.Http;

/// <summary>The answer of a gRPC call in memory: one message or none, and a status.</summary>
internal sealed class GrpcResponse
    : IHttpResponseFeature, IHttpResponseBodyFeature, IHttpResponseTrailersFeature, IHttpResetFeature
{
    private readonly HttpResponse _outer;

    // An answer of one message, whose size its method limits: nobody waits for a reader.
    private readonly Pipe _body = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Stack<(Func<object, Task> Callback, object State)> _onStarting = new();

    /// <param name="outer">The HTTP response; what is to happen after it happens after that one.</param>
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

    // The interface still has it; Stream took its place.
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
    /// gRPC ends the stream of a call whose deadline passed. The HTTP request has to last until its answer.
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

    /// <summary>A value of the status: of the trailers or, where there is no message, of the headers.</summary>
    public string StatusValue(string name) =>
        Trailers.TryGetValue(name, out var value) || Headers.TryGetValue(name, out value) ? value.ToString() : "";

    /// <summary>All bytes of the answer, when the call is over.</summary>
    public async ValueTask<ReadOnlySequence<byte>> ReadAllAsync()
    {
        await StartAsync();
        await _body.Writer.CompleteAsync();
        return (await _body.Reader.ReadAsync()).Buffer;
    }

    /// <summary>Gives the memory of the answer back.</summary>
    public void Release() => _body.Reader.Complete();
}
