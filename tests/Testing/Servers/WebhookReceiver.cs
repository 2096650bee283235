using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ForegSyte.Testing.Servers;

/// <summary>A message that a receiver got.</summary>
/// <param name="Headers">Its headers.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Path">Path and query of the request.</param>
/// <param name="Body">Its bytes.</param>
public sealed record ReceivedMessage(
    IReadOnlyDictionary<string, string> Headers, string ContentType, string Path, byte[] Body)
{
    /// <summary>The id of the message, the same in each try.</summary>
    public string Id => Headers["webhook-id"];
}

/// <summary>A real HTTP server on a loopback address that receives webhooks in the process of the test.</summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly bool _isHttps;

    private WebhookReceiver(WebApplication app, bool isHttps) => (_app, _isHttps) = (app, isHttps);

    /// <summary>The messages, in the order in which they came.</summary>
    public ConcurrentQueue<ReceivedMessage> Messages { get; } = [];

    /// <summary>Answers a message; its status is 204 by default.</summary>
    public Func<HttpContext, ReceivedMessage, Task> Answer { get; set; } = (context, _) =>
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    };

    /// <summary>Its port.</summary>
    public int Port => new Uri(_app.Urls.Single()).Port;

    /// <summary>Its address with a path.</summary>
    public string UriOf(string pathAndQuery = "/hook", string host = "127.0.0.1") =>
        FormattableString.Invariant($"{(_isHttps ? "https" : "http")}://{host}:{Port}{pathAndQuery}");

    /// <summary>Starts a receiver on a free port of 127.0.0.1.</summary>
    /// <param name="certificate">Its certificate; null for plain HTTP.</param>
    public static async Task<WebhookReceiver> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        var app = builder.Build();
        var receiver = new WebhookReceiver(app, certificate is not null);
        app.Run(receiver.ReceiveAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    /// <summary>Answers with a status.</summary>
    public static Func<HttpContext, ReceivedMessage, Task> Status(int status) => (context, _) =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    /// <summary>Waits until a number of messages came, and returns all.</summary>
    public async Task<IReadOnlyList<ReceivedMessage>> WaitAsync(int count)
    {
        await Wait.UntilAsync(() => Messages.Count >= count, $"the receiver has {count} messages");
        return [.. Messages];
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var message = new ReceivedMessage(
            context.Request.Headers.ToDictionary(
                header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            context.Request.ContentType ?? "", context.Request.Path + context.Request.QueryString.ToString(),
            body.ToArray());
        Messages.Enqueue(message);
        await Answer(context, message);
    }
}
