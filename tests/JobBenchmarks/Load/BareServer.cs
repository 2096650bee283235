using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.JobBenchmarks.Load;

/// <summary>
/// A gRPC server with nothing around its services: what others are compared with. As a program it prints its address,
/// and ends with its standard input.
/// </summary>
internal static class BareServer
{
    /// <summary>Name of the option that says where it listens.</summary>
    public const string PortOption = "--port";

    /// <param name="port">Port on the loopback; 0 for a free one.</param>
    /// <param name="register">Registers what the services need.</param>
    /// <param name="map">Maps the services.</param>
    /// <param name="cancellationToken">Ends the server.</param>
    public static async Task RunAsync(
        int port,
        Action<IServiceCollection> register,
        Action<WebApplication> map,
        CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        register(builder.Services);
        await using var app = builder.Build();
        map(app);
        await app.StartAsync(cancellationToken);
        Console.WriteLine(app.Urls.Single());
        await Console.In.ReadLineAsync(cancellationToken);
        await app.StopAsync(cancellationToken);
    }
}
