using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>A real https server on a loopback address with scripted responses.</summary>
internal sealed class VideoServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private VideoServer(WebApplication app) => _app = app;

    /// <summary>The headers of the received requests, in order.</summary>
    public ConcurrentQueue<IHeaderDictionary> Requests { get; } = [];

    /// <summary>The response to a request of any path.</summary>
    public RequestDelegate Answer { get; set; } = context =>
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    };

    public int Port => new Uri(_app.Urls.Single()).Port;

    /// <summary>Starts a server on a free port of 127.0.0.1.</summary>
    public static async Task<VideoServer> StartAsync(X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        var server = new VideoServer(app);
        app.Run(context =>
        {
            server.Requests.Enqueue(new HeaderDictionary(context.Request.Headers.ToDictionary()));
            return server.Answer(context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>Sends a file, with ASP.NET Core's support of ranges and ETags.</summary>
    public static RequestDelegate File(byte[] video, string? version = "\"v1\"") => context =>
        Results.Bytes(
            video, "video/mp4", enableRangeProcessing: true,
            entityTag: version is null ? null : Microsoft.Net.Http.Headers.EntityTagHeaderValue.Parse(version))
            .ExecuteAsync(context);

    /// <summary>Announces the whole video, sends its first bytes and closes the connection.</summary>
    public static RequestDelegate Break(byte[] video, int after, string? version = "\"v1\"") => async context =>
    {
        context.Response.ContentLength = video.Length;
        context.Response.Headers.ETag = version;
        await context.Response.Body.WriteAsync(video.AsMemory(0, after));
        await context.Response.Body.FlushAsync();
    };

    /// <summary>Responds to the first request in one way, to all others in another.</summary>
    public static RequestDelegate First(RequestDelegate first, RequestDelegate others)
    {
        var count = 0;
        return context => Interlocked.Increment(ref count) == 1 ? first(context) : others(context);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
