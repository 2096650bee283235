using System.Security.Cryptography;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>A server that takes uploads, and a file that begins as an MP4 does and is noise from there on.</summary>
internal sealed class UploadScene : IAsyncDisposable
{
    public const int PartBytes = 64 * 1024;

    /// <summary>How long a test waits for what has to happen.</summary>
    public static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();
    private readonly List<UploadProgress> _reports = [];
    private readonly ScriptedUploadService _uploads = new();

    private UploadScene(int sizeBytes)
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

    /// <summary>What the last submission was told, in order.</summary>
    public IReadOnlyList<UploadProgress> Reports => _reports;

    public string StateFolder => _folder.File("state", "uploads");

    /// <summary>The notes of unfinished uploads.</summary>
    public string[] Notes => Directory.Exists(StateFolder) ? Directory.GetFiles(StateFolder) : [];

    public static async Task<UploadScene> SetAsync(int sizeBytes = 10 * PartBytes + 17)
    {
        var scene = new UploadScene(sizeBytes);
        await scene.StartServerAsync();
        return scene;
    }

    /// <summary>Ends the server and starts it again, on the same port and with the same uploads.</summary>
    public async Task RestartServerAsync()
    {
        await Server.DisposeAsync();
        await StartServerAsync(Server.Address.Port);
    }

    /// <summary>Submits the file with a client of its own.</summary>
    public async Task<Job> SubmitAsync(
        CancellationToken cancellationToken,
        Func<ForegSyteClientOptions, ForegSyteClientOptions>? change = null,
        Func<UploadOptions, UploadOptions>? changeUploads = null,
        Func<SubmitOptions, SubmitOptions>? wish = null)
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
            Path, wish?.Invoke(options) ?? options, new ReportList(_reports), cancellationToken);
    }

    /// <summary>Submits, and ends the client as soon as so many parts have arrived.</summary>
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

    /// <summary>Takes reports at once, in the order in which they are made.</summary>
    private sealed class ReportList(List<UploadProgress> reports) : IProgress<UploadProgress>
    {
        public void Report(UploadProgress value) => reports.Add(value);
    }
}
