using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace ForegSyte.Inference.Tests.RemoteVideos;

/// <summary>A server of one object that answers Range requests, counts bytes, and fails when a test says so.</summary>
internal sealed class ObjectServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<long, int> _sent = [];
    private long _bytesSent;
    private int _requests;

    private ObjectServer(string path, X509Certificate2? certificate)
    {
        File = path;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>The file that it serves.</summary>
    public string File { get; set; }

    public string ETag { get; set; } = "\"1\"";

    /// <summary>Answers a request, given its number from 1, in place of the server; false to let the server answer.
    /// </summary>
    public Func<HttpContext, int, Task<bool>> Fault { get; set; } = (_, _) => Task.FromResult(false);

    /// <summary>Bytes of a body after which the server aborts the connection; 0 for never.</summary>
    public int AbortAfter { get; set; }

    /// <summary>Body bytes that were sent.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Number of times that the byte was sent that was sent most often; counted by 64 KiB.</summary>
    public int MostOftenSent => _sent.Values.DefaultIfEmpty(0).Max();

    public string Host => new Uri(_app.Urls.Single()).Authority;

    /// <summary>A presigned uri; each differs.</summary>
    public string Uri(int grant = 1) => string.Create(
        CultureInfo.InvariantCulture, $"{_app.Urls.Single()}/bucket/video.mp4?X-Amz-Signature={grant}");

    public static async Task<ObjectServer> StartAsync(string path, X509Certificate2? certificate = null)
    {
        var server = new ObjectServer(path, certificate);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (await Fault(context, Interlocked.Increment(ref _requests)))
        {
            return;
        }

        await using var file = System.IO.File.OpenRead(File);
        var range = RangeHeaderValue.Parse(context.Request.Headers.Range.ToString()).Ranges.Single();
        var from = range.From!.Value;
        if (from >= file.Length)
        {
            context.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            context.Response.Headers.ContentRange = new ContentRangeHeaderValue(file.Length).ToString();
            return;
        }

        var to = Math.Min(range.To!.Value, file.Length - 1);
        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.Headers.ContentRange = new ContentRangeHeaderValue(from, to, file.Length).ToString();
        context.Response.Headers.ETag = ETag;
        context.Response.ContentLength = to - from + 1;
        file.Position = from;
        var buffer = new byte[16 * 1024];
        for (var left = to - from + 1; left > 0;)
        {
            var read = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)));
            if (AbortAfter > 0 && to - from + 1 - left >= AbortAfter)
            {
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            }

            if ((to - left + 1) % (64 * 1024) == 0)
            {
                _sent.AddOrUpdate(to - left + 1, 1, (_, times) => times + 1);
            }

            // Before, so that a client that has the bytes finds them counted.
            Interlocked.Add(ref _bytesSent, read);
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read));
            left -= read;
        }
    }
}
