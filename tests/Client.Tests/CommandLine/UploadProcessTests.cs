using System.Security.Cryptography;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>Uploads of the command line in a process of its own.</summary>
public sealed class UploadProcessTests : IAsyncLifetime
{
    private const int PartBytes = 2 * 1024 * 1024;

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _noSettings = [];
    private ScriptedServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string VideoPath => _folder.File("video.mp4");

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync();
        _server.Service.Submit.Always(_server.Uploads.SubmitAsync);
        _server.Service.Pipelines.Always((_, _) => Task.FromResult(
            new ListPipelinesResponse { Pipelines = { new Pipeline { Id = "yolo_ocr" } } }));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Submit_ProcessKilledMidway_SameCommandSendsTheRest()
    {
        var bytes = RandomNumberGenerator.GetBytes(8 * PartBytes);
        "\0\0\0\u0018ftypisom"u8.CopyTo(bytes);
        await File.WriteAllBytesAsync(VideoPath, bytes, Token);
        var hanging = new TaskCompletionSource();
        for (var part = 0; part < 5; part++)
        {
            _server.Uploads.Part.Do((request, _) => Task.FromResult(_server.Uploads.Take(request)));
        }

        // The client sends up to four parts in parallel, so the first five are complete when the last three hang.
        _server.Uploads.Part.Hang().Hang().Hang(hanging);
        await using (var killed = Start(_noSettings))
        {
            await hanging.Task.WaitAsync(Script.TimeLimit, Token);
            await killed.KillAsync();
        }

        Assert.Equal(5 * PartBytes, Assert.Single(_server.Uploads.Open).Describe().ReceivedBytes);
        await using var second = Start(_noSettings);
        var run = await second.EndAsync(Token);

        Assert.Equal((0, SampleJobs.Id + Environment.NewLine), (run.ExitCode, run.Output));
        Assert.Contains("checking the uploaded parts", run.Error, StringComparison.Ordinal);
        Assert.Equal(bytes, Assert.Single(_server.Uploads.Videos));
        Assert.Equal(8 + 3, _server.Uploads.Part.Requests.Count);
        Assert.Single(_server.Uploads.Create.Requests);
        Assert.Empty(Directory.GetFiles(_folder.File("state", "foregsyte", "uploads")));
    }

    [Fact]
    public async Task Submit_LargeFile_FitsIntoASmallHeap()
    {
        const int Parts = 128;
        await using (var file = File.Create(VideoPath))
        {
            file.Write("\0\0\0\u0018ftypisom"u8);
            file.SetLength((long)Parts * PartBytes);
        }

        _server.Uploads.Create.Do((request, _) => Task.FromResult(new CreateUploadResponse
        {
            Upload = new Upload { UploadId = Guid.NewGuid().ToString(), SizeBytes = request.SizeBytes },
        }));
        _server.Uploads.Part.Always((_, _) => Task.FromResult(new UploadPartResponse()));
        _server.Service.Submit.Do((_, _) => Task.FromResult(new SubmitVideoResponse { Job = SampleJobs.Pending() }));

        // Four parts of 2 MiB with gRPC's copies need 16 MiB; the file has 256 MiB.
        await using var process = Start(new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = "0x8000000" });
        var run = await process.EndAsync(Token);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(Parts, _server.Uploads.Part.Requests.Count);
    }

    private CommandLineProcess Start(IReadOnlyDictionary<string, string> settings) => CommandLineProcess.Start(
        _folder.File("state"), settings,
        "submit", VideoPath, "--transfer", "upload", "--server", _server.Address.ToString());
}
