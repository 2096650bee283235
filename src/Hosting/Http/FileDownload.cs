using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Stopping;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// Feature of a call whose HTTP response is a file of any size (<see cref="HttpRoute.IsDownload"/>). The handler gives
/// the file instead of filling its message, and the file is sent after the call has ended.
/// </summary>
public sealed class FileDownload : IAsyncDisposable
{
    private readonly IQueryCollection _query;
    private readonly DownloadRoute _route;

    internal FileDownload(IQueryCollection query, DownloadRoute route) => (_query, _route) = (query, route);

    /// <summary>Name of the download in OpenAPI; a method can have several.</summary>
    public string Operation => _route.OperationId;

    /// <summary>The stored file; null if the handler gave none.</summary>
    internal DownloadedFile? Stored { get; private set; }

    /// <summary>The file that is made while it is sent; null if the handler gave none.</summary>
    internal GeneratedFile? Generated { get; private set; }

    /// <summary>Whether the handler gave a file.</summary>
    internal bool IsGiven => Stored is not null || Generated is not null;

    /// <summary>The download of a call; null if the caller expects a message.</summary>
    public static FileDownload? Of(ServerCallContext context) =>
        context.GetHttpContext().Features.Get<FileDownload>();

    /// <summary>The values of a query parameter of the route that is no field of the request.</summary>
    public IReadOnlyList<string> ValuesOf(string parameter) =>
        _route.HasParameter(parameter) ? [.. _query[parameter].Select(value => value ?? "")] : [];

    /// <summary>The value of a query parameter that cannot be repeated; empty if it is missing.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD: it is given twice.</exception>
    public string ValueOf(string parameter) => ValuesOf(parameter) switch
    {
        [] => "",
        [var value] => value,
        _ => throw ServiceException.InvalidField(parameter, $"{parameter} must not be in the request twice."),
    };

    /// <summary>Gives a stored file, which is disposed after it was sent.</summary>
    public void Give(DownloadedFile file) => Stored = file;

    /// <summary>Gives a file that is made while it is sent; its source is disposed afterwards.</summary>
    public void Give(GeneratedFile file) => Generated = file;

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Stored is not null)
        {
            await Stored.Content.DisposeAsync();
        }

        if (Generated is not null)
        {
            await Generated.Source.DisposeAsync();
        }
    }
}

/// <summary>A file that HTTP sends.</summary>
/// <param name="Content">The bytes; seekable.</param>
/// <param name="ContentType">Media type.</param>
/// <param name="Name">File name for the caller: without a path, control characters and reserved characters.</param>
/// <param name="Sha256">SHA-256 of the bytes for the ETag, in hexadecimal digits; null if unknown.</param>
/// <param name="LastModified">When the bytes were written.</param>
public sealed record DownloadedFile(
    Stream Content, string ContentType, string Name, string? Sha256, DateTimeOffset LastModified);

/// <summary>A file that is made while HTTP sends it, without byte ranges.</summary>
/// <param name="Source">What it is made from; disposed after the response.</param>
/// <param name="WriteAsync">
/// Writes the bytes, only asynchronously. A failure before the first byte is an error for the caller; after it, the
/// connection is aborted.
/// </param>
/// <param name="ContentType">Media type.</param>
/// <param name="Name">File name for the caller, as in <see cref="DownloadedFile"/>.</param>
public sealed record GeneratedFile(
    IAsyncDisposable Source, Func<Stream, CancellationToken, Task> WriteAsync, string ContentType, string Name);

/// <summary>
/// Sends files with byte ranges and conditions (RFC 9110), as ASP.NET Core implements them. Memory does not grow with
/// the file.
/// </summary>
/// <remarks>
/// A download holds a slot of Calls:MaxDownloads until its last byte. A reader slower than Connections:MinDataRate is
/// disconnected by Kestrel; a slow one can be evicted like the slow reader of a message.
/// </remarks>
internal sealed class FileSender(
    ConcurrencyLimitInterceptor limits,
    SlowCallEvictor evictor,
    GracefulShutdown shutdown,
    ILogger<FileSender> logger)
{
    /// <summary>Sends a stored file.</summary>
    /// <exception cref="ServiceException">TOO_MANY_CALLS: nothing is sent.</exception>
    public async Task SendAsync(HttpContext context, DownloadedFile file)
    {
        using var slot = limits.EnterDownload(context);
        await using var graceEnd = shutdown.GraceOver.Register(context.Abort);
        IgnoreOtherRanges(context.Request);
        var response = context.Response;
        SetHeaders(response);
        response.Body = new TrackedBody(response.Body, context, evictor);
        try
        {
            await TypedResults.Stream(
                file.Content,
                file.ContentType,
                file.Name,
                file.LastModified,
                file.Sha256 is { } sha256 ? new EntityTagHeaderValue($"\"{sha256}\"") : null,
                enableRangeProcessing: true).ExecuteAsync(context);
        }
        catch (IOException failure)
        {
            // The status is sent. Only an aborted connection tells the caller that bytes are missing.
            logger.LogError(failure, "A file could not be read while {Path} was sent", context.Request.Path);
            context.Abort();
        }
    }

    /// <summary>Makes a file and sends it meanwhile.</summary>
    /// <exception cref="ServiceException">TOO_MANY_CALLS, or the file cannot be made: nothing is sent.</exception>
    public async Task SendAsync(HttpContext context, GeneratedFile file)
    {
        using var slot = limits.EnterDownload(context);
        await using var graceEnd = shutdown.GraceOver.Register(context.Abort);
        var response = context.Response;
        SetHeaders(response);
        response.ContentType = file.ContentType;
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(file.Name);
        response.Headers.ContentDisposition = disposition.ToString();
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        try
        {
            await file.WriteAsync(new TrackedBody(response.Body, context, evictor), context.RequestAborted);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            logger.LogInformation("The caller of {Path} disconnected", context.Request.Path);
        }
        catch (Exception failure) when (response.HasStarted)
        {
            // The status is sent. Only an aborted connection tells the caller that bytes are missing.
            logger.LogError(failure, "A file could not be made while {Path} was sent", context.Request.Path);
            context.Abort();
        }
        catch (Exception)
        {
            response.Clear();
            throw;
        }
    }

    private static void SetHeaders(HttpResponse response)
    {
        // Caches must ask before each use, because a caller can lose its permission.
        response.Headers.CacheControl = "private, no-cache";
        response.Headers.XContentTypeOptions = "nosniff";
    }

    /// <summary>
    /// Removes a Range that RFC 9110 (14.2) says to ignore: one of HEAD, and one that does not count bytes, which
    /// ASP.NET Core would take for bytes.
    /// </summary>
    private static void IgnoreOtherRanges(HttpRequest request)
    {
        if (!HttpMethods.IsGet(request.Method)
            || (request.GetTypedHeaders().Range is { } range
                && !range.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase)))
        {
            request.Headers.Remove(HeaderNames.Range);
        }
    }

    /// <summary>Tracks each write that waits for its reader.</summary>
    private sealed class TrackedBody(Stream body, HttpContext context, SlowCallEvictor evictor) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var slowCall = evictor.Track(context.Abort);
            await body.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => body.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
