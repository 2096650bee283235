using ForegSyte.JobBenchmarks.Load;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.JobBenchmarks.Uploads;

/// <summary>
/// The least that a server can do with an upload: takes the messages, and forgets them or writes them to one file.
/// </summary>
internal static class SinkServer
{
    /// <param name="port">Port on the loopback; 0 for a free one.</param>
    /// <param name="path">Where parts are written; null for nowhere.</param>
    /// <param name="cancellationToken">Ends the server.</param>
    public static async Task RunAsync(int port, string? path, CancellationToken cancellationToken)
    {
        using var file = new SinkFile(path);
        await BareServer.RunAsync(
            port,
            services => services.AddSingleton(file),
            app =>
            {
                app.MapGrpcService<SinkUploadService>();
                app.MapGrpcService<SinkJobService>();
            },
            cancellationToken);
    }
}
