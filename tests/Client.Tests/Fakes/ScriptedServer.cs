using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>
/// A <see cref="ScriptedJobService"/> and a <see cref="ScriptedUploadService"/> on a real loopback socket with HTTP/2;
/// with TLS if the test sets a certificate.
/// </summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ScriptedServer(
        WebApplication application, ScriptedJobService service, ScriptedUploadService uploads,
        ScriptedSearchService searches)
    {
        (_application, Service, Uploads, Searches) = (application, service, uploads, searches);
    }

    public ScriptedJobService Service { get; }

    public ScriptedUploadService Uploads { get; }

    /// <summary>The SearchService beside them.</summary>
    public ScriptedSearchService Searches { get; }

    public Uri Address { get; private set; } = null!;

    /// <summary>Path and headers of all calls, oldest first.</summary>
    public ConcurrentQueue<(string Path, Dictionary<string, string> Headers)> Calls { get; } = new();

    /// <summary>Starts a server; port 0 selects a free port.</summary>
    public static async Task<ScriptedServer> StartAsync(
        int port = 0,
        ScriptedJobService? service = null,
        ScriptedUploadService? uploads = null,
        X509Certificate2? certificate = null)
    {
        service ??= new ScriptedJobService();
        uploads ??= new ScriptedUploadService();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, port, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                if (certificate is not null)
                {
                    listen.UseHttps(certificate);
                }
            });
        });
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton(service);
        builder.Services.AddSingleton(uploads);
        var searches = new ScriptedSearchService();
        builder.Services.AddSingleton(searches);
        var application = builder.Build();
        var server = new ScriptedServer(application, service, uploads, searches);
        application.Use((context, next) =>
        {
            server.Calls.Enqueue((
                context.Request.Path,
                context.Request.Headers.ToDictionary(
                    header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            return next();
        });
        application.MapGrpcService<ScriptedJobService>();
        application.MapGrpcService<ScriptedUploadService>();
        application.MapGrpcService<ScriptedSearchService>();
        await application.StartAsync();
        server.Address = new Uri(application.Urls.Single());
        return server;
    }

    /// <summary>Creates a client that skips delays and stores no checkpoints of uploads.</summary>
    public ForegSyteClient Connect(Func<ForegSyteClientOptions, ForegSyteClientOptions>? change = null)
    {
        var options = new ForegSyteClientOptions
        {
            Address = Address,
            TimeProvider = new SkippingTimeProvider(),
            Uploads = new UploadOptions { StateFolder = null },
        };
        return new ForegSyteClient(change?.Invoke(options) ?? options);
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();
}
