using System.Net;
using System.Net.Sockets;
using CliWrap;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>
/// Fetches from a third-party S3-compatible server (s3rver). It checks the keys and parameters of a signature but does
/// not recompute it: <see cref="SignatureV4"/> does that.
/// </summary>
public sealed class S3ServerTests
{
    // The only key pair of s3rver.
    private const string Key = "S3RVER";

    [Fact]
    public async Task Fetch_FromS3rver_IsTheStoredObject()
    {
        var program = Path.Combine(RepositoryFiles.Root, "node_modules", ".bin", "s3rver");
        Assert.SkipUnless(File.Exists(program), "s3rver is not installed; eng/setup.sh --test installs it.");
        await using var harness = new FetchHarness();
        var port = FreePort();
        await using var server = await StartAsync(program, harness, port);
        var video = await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, FetchHarness.Cancellation);

        Assert.Equal(video, await harness.FetchAsync("s3://videos/2026/a%20video%20(1).mp4"));

        var missing = await harness.FailureAsync("s3://videos/none.mp4");
        Assert.Equal(ErrorReason.SourceNotFound, missing.Reason);
        harness.Folder.WriteSecret("credentials", Credentials("UNKNOWN"));
        var refused = await harness.FailureAsync("s3://videos/2026/a%20video%20(1).mp4");
        Assert.Equal((ErrorReason.SourceNotAllowed, "403"), (refused.Reason, refused.Metadata["httpStatus"]));
    }

    private static async Task<IAsyncDisposable> StartAsync(string program, FetchHarness harness, int port)
    {
        // s3rver keeps the bytes and the metadata of an object in two files.
        var bucket = Directory.CreateDirectory(harness.Folder.File("s3", "videos", "2026"));
        var name = Path.Combine(bucket.FullName, "a video (1).mp4._S3rver_");
        File.Copy(RepositoryFiles.Pedestrians, name + "object");
        await File.WriteAllTextAsync(name + "metadata.json", "{\"content-type\":\"video/mp4\"}");
        await File.WriteAllTextAsync(harness.Folder.File("server.pem"), harness.Certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(
            harness.Folder.File("server.key"),
            System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions
                .GetECDsaPrivateKey(harness.Certificate)!.ExportPkcs8PrivateKeyPem());
        harness.Folder.WriteSecret("credentials", Credentials(Key));
        harness.Set("Sources:S3:Buckets:0", "videos");
        harness.Set("Sources:S3:PathStyle", "true");
        harness.Set("Sources:S3:CredentialsFile", harness.Folder.File("credentials"));
        harness.Set("Sources:S3:Endpoint", $"https://videos.example:{port}");
        var stop = new CancellationTokenSource();
        var listening = new TaskCompletionSource();
        var run = Cli.Wrap(program)
            .WithArguments([
                "-d", harness.Folder.File("s3"), "-a", "127.0.0.1", "-p", $"{port}", "--no-vhost-buckets",
                "--key", harness.Folder.File("server.key"), "--cert", harness.Folder.File("server.pem"),
            ])
            .WithStandardOutputPipe(PipeTarget.ToDelegate(line =>
            {
                if (line.Contains("listening", StringComparison.OrdinalIgnoreCase))
                {
                    listening.TrySetResult();
                }
            }))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(stop.Token);
        var first = await Task.WhenAny(listening.Task, run.Task);
        Assert.Same(listening.Task, first);
        return new Running(run, stop);
    }

    private static string Credentials(string key) =>
        $"[default]\naws_access_key_id = {key}\naws_secret_access_key = {Key}\n";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Running(CommandTask<CommandResult> run, CancellationTokenSource stop) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.Task);
            stop.Dispose();
        }
    }
}
