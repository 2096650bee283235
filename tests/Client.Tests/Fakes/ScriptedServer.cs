using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>A <see cref="ScriptedJobService"/> on a real loopback socket, HTTP/2 without TLS.</summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ScriptedServer(WebApplication application, ScriptedJobService service)
    {
        _application = application;
        Service = service;
        Address = new Uri(application.Urls.Single());
    }

    public ScriptedJobService Service { get; }

    public Uri Address { get; }

    /// <summary>Starts a server; port 0 means any free one.</summary>
    public static async Task<ScriptedServer> StartAsync(int port = 0, ScriptedJobService? service = null)
    {
        service ??= new ScriptedJobService();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton(service);
        var application = builder.Build();
        application.MapGrpcService<ScriptedJobService>();
        await application.StartAsync();
        return new ScriptedServer(application, service);
    }

    /// <summary>A client of this server that does not pause between attempts.</summary>
    public ForegSyteClient Connect(Func<ForegSyteClientOptions, ForegSyteClientOptions>? change = null)
    {
        var options = new ForegSyteClientOptions { Address = Address, TimeProvider = new SkippingTimeProvider() };
        return new ForegSyteClient(change?.Invoke(options) ?? options);
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();
}
