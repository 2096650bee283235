using System.Net;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Benchmarks.Fairness;

/// <summary>An https server on the loopback with a clip, and a video that arrives one byte per second.</summary>
internal sealed class SourceServer : IAsyncDisposable
{
    private const int SlowVideoBytes = 1 << 20;
    private static readonly TimeSpan BytePause = TimeSpan.FromSeconds(1);

    private readonly WebApplication _app;
    private readonly TestCertificates _certificates;

    private SourceServer(WebApplication app, TestCertificates certificates) =>
        (_app, _certificates) = (app, certificates);

    /// <summary>The clip.</summary>
    public Uri Clip => new(_app.Urls.Single() + "/clip.mp4");

    /// <summary>The slow video.</summary>
    public Uri SlowVideo => new(_app.Urls.Single() + "/slow.mp4");

    /// <summary>Settings with which the JobService may fetch from this server.</summary>
    public IEnumerable<(string Key, string Value)> Settings =>
    [
        ("Sources:AllowedHosts:0", Clip.Host),
        ("Sources:AllowedPorts:0", FormattableString.Invariant($"{Clip.Port}")),
        ("Sources:AllowedNetworks:0", "127.0.0.0/8"),
        ("Sources:CertificateAuthorities", _certificates.CaFile),
    ];

    /// <summary>Starts the server.</summary>
    /// <param name="folder">Folder of its certificates.</param>
    /// <param name="clipPath">The clip.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<SourceServer> StartAsync(
        string folder, string clipPath, CancellationToken cancellationToken)
    {
        var certificates = new TestCertificates(Directory.CreateDirectory(folder).FullName);
        var (certificate, key) = certificates.Server();
        var identity = X509Certificate2.CreateFromPemFile(certificate, key);
        var clip = await File.ReadAllBytesAsync(clipPath, cancellationToken);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(identity)));
        var app = builder.Build();
        app.MapGet("/clip.mp4", () => Results.Bytes(clip, "video/mp4"));
        app.MapGet("/slow.mp4", context => TrickleAsync(context, clip));
        await app.StartAsync(cancellationToken);
        return new SourceServer(app, certificates);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _certificates.Dispose();
    }

    private static async Task TrickleAsync(HttpContext context, byte[] clip)
    {
        context.Response.ContentType = "video/mp4";
        context.Response.ContentLength = SlowVideoBytes;
        for (var at = 0; at < SlowVideoBytes; at++)
        {
            await context.Response.Body.WriteAsync(clip.AsMemory(at % clip.Length, 1), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(BytePause, TimeProvider.System, context.RequestAborted);
        }
    }
}
