using System.Security.Cryptography;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>A server that accepts uploads, and a file with the start of an MP4 and random content.</summary>
internal sealed class UploadFixture : IAsyncDisposable
{
    public const int PartBytes = 64 * 1024;

    private readonly TemporaryFolder _folder = new();
    private readonly List<UploadProgress> _reports = [];
    private readonly ScriptedUploadService _uploads = new();

    private UploadFixture(int sizeBytes)
    {
        Bytes = RandomNumberGenerator.GetBytes(sizeBytes);
        "\0\0\0\u0018ftypisom"u8.CopyTo(Bytes);
        Path = _folder.File("video.mp4");
        File.WriteAllBytes(Path, Bytes);
    }

    public ScriptedServer Server { get; private set; } = null!;

    public ScriptedUploadService Uploads => _uploads;

    public byte[] Bytes { get; }

    public string Path { get; }

    /// <summary>Progress reports of the last submission, in order.</summary>
    public IReadOnlyList<UploadProgress> Reports => _reports;

    public string StateFolder => _folder.File("state", "uploads");

    /// <summary>Files of the checkpoints.</summary>
    public string[] Checkpoints => Directory.Exists(StateFolder) ? Directory.GetFiles(StateFolder) : [];

    public static async Task<UploadFixture> StartAsync(int sizeBytes = 10 * PartBytes + 17)
    {
        var fixture = new UploadFixture(sizeBytes);
        await fixture.StartServerAsync();
        return fixture;
    }

    /// <summary>Restarts the server on the same port with the same uploads.</summary>
    public async Task RestartServerAsync()
    {
        await Server.DisposeAsync();
        await StartServerAsync(Server.Address.Port);
    }

    /// <summary>Submits the file with a new client.</summary>
    public async Task<Job> SubmitAsync(
        CancellationToken cancellationToken,
        Func<ForegSyteClientOptions, ForegSyteClientOptions>? change = null,
        Func<UploadOptions, UploadOptions>? changeUploads = null,
        Func<SubmitOptions, SubmitOptions>? changeSubmit = null)
    {
        _reports.Clear();
        var uploads = new UploadOptions { PartBytes = PartBytes, StateFolder = StateFolder };
        await using var client = Server.Connect(options =>
        {
            options = options with { Uploads = changeUploads?.Invoke(uploads) ?? uploads };
            return change?.Invoke(options) ?? options;
        });
        var options = new SubmitOptions { PipelineId = "yolo_ocr", Transfer = VideoTransfer.Upload };
        return await client.SubmitFileAsync(
            Path, changeSubmit?.Invoke(options) ?? options, new ReportList(_reports),
            cancellationToken: cancellationToken);
    }

    /// <summary>Submits the file, and cancels when the server has this many parts.</summary>
    public async Task InterruptAfterAsync(int parts, CancellationToken cancellationToken)
    {
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        for (var part = 0; part < parts; part++)
        {
            _uploads.Part.Do((request, _) => Task.FromResult(_uploads.Take(request)));
        }

        _uploads.Part.Do(async (_, context) =>
        {
            await interruption.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            throw new InvalidOperationException("An infinite wait has ended.");
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => SubmitAsync(interruption.Token, changeUploads: uploads => uploads with { Parallelism = 1 }));
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartServerAsync(int port = 0)
    {
        Server = await ScriptedServer.StartAsync(port, uploads: _uploads);
        Server.Service.Submit.Always(_uploads.SubmitAsync);
        Server.Service.Pipelines.Always((_, _) => Task.FromResult(
            new ListPipelinesResponse { Pipelines = { new Pipeline { Id = "yolo_ocr" } } }));
        Server.Service.Cancel.Always((_, _) => Task.FromResult(new CancelJobResponse { Job = SampleJobs.Cancelled() }));
    }

    /// <summary>Records reports synchronously, in order.</summary>
    private sealed class ReportList(List<UploadProgress> reports) : IProgress<UploadProgress>
    {
        public void Report(UploadProgress value) => reports.Add(value);
    }
}
