using System.Text;
using System.Text.Json.Nodes;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Exports;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>The command export, and the method of the client behind it.</summary>
public sealed class ExportCommandTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private ScriptedServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync();
        _server.Service.Get.Always((_, _) => Task.FromResult(new GetJobResponse { Job = SampleJobs.Completed() }));
        _server.Service.Results.Always((request, _) => Task.FromResult(PageOf(request.PageToken)));
        _server.Service.ObjectTracks.Always((request, _) => Task.FromResult(new ListObjectTracksResponse
        {
            ObjectTracks = { new ObjectTrack { TrackId = request.PageToken.Length == 0 ? 1 : 2, Label = "person" } },
            NextPageToken = request.PageToken.Length == 0 ? "2" : "",
        }));
        _server.Service.TextTracks.Always((_, _) => Task.FromResult(new ListTextTracksResponse
        {
            TextTracks =
            {
                new TextTrack
                {
                    TrackId = 1,
                    Text = "GATE \u001b[31m07",
                    First = new TextPoint { FrameTimestampMs = 0 },
                    Last = new TextPoint { FrameTimestampMs = 900 },
                },
            },
        }));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Export_WithoutOutput_WritesAllPagesToStandardOutput()
    {
        var run = await RunAsync("--format", "csv");

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(
            "frame_index,timestamp_ms,track_id,label,class_id,confidence,x,y,width,height,interpolated,damaged\r\n"
            + "0,0,,car,2,0.5,0,0,1,1,false,false\r\n1,100,,car,2,0.5,0,0,1,1,false,false\r\n",
            Encoding.UTF8.GetString(run.Bytes));
        Assert.Equal(("", ""), (run.Output, run.Error));
    }

    [Fact]
    public async Task Export_WhileAnotherWritesTheSameFile_LeavesItsFile()
    {
        var partial = _folder.File("export.partial");
        await using (var other = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await other.WriteAsync("rows"u8.ToArray(), Token);
            await other.FlushAsync(Token);

            var run = await RunAsync("--format", "csv", "-o", "export");

            Assert.True(run.ExitCode != 0, "Two exports wrote the same file.");
            Assert.Contains("export.partial", run.Error, StringComparison.Ordinal);
        }

        Assert.Equal("rows", await File.ReadAllTextAsync(partial, Token));
    }

    [Theory]
    [InlineData("coco", null, "{\"info\"")]
    [InlineData("csv", "tracks", "track_id,label")]
    [InlineData("parquet", "tracks", "PAR1")]
    [InlineData("vtt", null, "WEBVTT")]
    [InlineData("srt", null, "1\n00:00:00,000 --> 00:00:01,000\n")]
    public async Task Export_Output_IsACompleteFile(string format, string? table, string start)
    {
        var run = await RunAsync(
            ["--format", format, "-o", "export", .. table is null ? Array.Empty<string>() : ["--table", table]]);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal($"Export: export{Environment.NewLine}", run.Output);
        Assert.Empty(run.Bytes);
        Assert.Equal([_folder.File("export")], Directory.GetFileSystemEntries(_folder.Path));
        Assert.StartsWith(
            start, Encoding.UTF8.GetString(await File.ReadAllBytesAsync(_folder.File("export"), Token)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_Tracks_ReadsAllPages()
    {
        var run = await RunAsync("--format", "csv", "--table", "tracks");

        Assert.Equal(
            ["1", "2"],
            Encoding.UTF8.GetString(run.Bytes).Split("\r\n")[1..^1].Select(line => line.Split(',')[0]));
        Assert.All(_server.Service.ObjectTracks.Requests, request => Assert.Equal(1000, request.PageSize));
    }

    [Fact]
    public async Task Export_Labels_SelectObjects()
    {
        var run = await RunAsync("--format", "coco", "--label", "person", "--label", "bus");

        Assert.Empty(JsonNode.Parse(run.Bytes)!["annotations"]!.AsArray());
        Assert.Equal("The job found no object with the label 'bus'.", run.Error.Trim());
    }

    [Fact]
    public async Task Export_MisspelledLabel_IsNamedWithTheNearestOne()
    {
        var run = await RunAsync("--format", "csv", "--label", "persn");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            "The job found no object with the label 'persn'. Did you mean 'person'?", run.Error.Trim());
    }

    [Fact]
    public async Task Export_FailsInTheMiddle_LeavesTheOldFileAlone()
    {
        await File.WriteAllTextAsync(_folder.File("export"), "old", Token);
        _server.Service.Results.Always((request, _) => request.PageToken.Length == 0
            ? Task.FromResult(PageOf(""))
            : throw Failures.Of(StatusCode.DataLoss, ErrorReason.ResultsDamaged, "The stored results are damaged."));

        var run = await RunAsync("--format", "csv", "-o", "export");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("RESULTS_DAMAGED", run.Error, StringComparison.Ordinal);
        Assert.Equal([_folder.File("export")], Directory.GetFileSystemEntries(_folder.Path));
        Assert.Equal("old", await File.ReadAllTextAsync(_folder.File("export"), Token));
    }

    [Fact]
    public async Task Export_OfARunningJob_SaysToWait()
    {
        _server.Service.Get.Always((_, _) => Task.FromResult(new GetJobResponse { Job = SampleJobs.Running(3) }));

        var run = await RunAsync("--format", "csv", "-o", "export");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("only completed jobs can be exported", run.Error, StringComparison.Ordinal);
        Assert.Contains($"foregsyte wait {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Export_OfAFailedJob_HasItsExitCode()
    {
        _server.Service.Get.Always((_, _) => Task.FromResult(new GetJobResponse { Job = SampleJobs.Failed() }));

        var run = await RunAsync("--format", "csv");

        Assert.Equal(4, run.ExitCode);
        Assert.Contains($"foregsyte results {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Bytes);
    }

    [Theory]
    [InlineData("--format must be csv, parquet, coco, mot, vtt or srt, not 'xml'.", "--format", "xml")]
    [InlineData("--table must be detections for the format coco.", "--format", "coco", "--table", "texts")]
    [InlineData("--label cannot be together with", "--format", "csv", "--table", "texts", "--label", "x")]
    public async Task Export_WrongOptions_AreNamed(string error, params string[] options)
    {
        var run = await RunAsync(options);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_OnATerminal_ShowsTextSafelyAndRefusesBinary()
    {
        var text = await RunOnTerminalAsync("--format", "csv", "--table", "text_tracks");
        var binary = await RunOnTerminalAsync("--format", "parquet");

        Assert.Equal(0, text.ExitCode);
        Assert.Contains("1,GATE \uFFFD[31m07,", text.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text.Output);
        Assert.Equal(2, binary.ExitCode);
        Assert.Contains("--output", binary.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_OptionsThatContradict_AreAnArgumentException()
    {
        await using var client = _server.Connect();

        await Assert.ThrowsAsync<ArgumentException>("options", () => client.ExportAsync(
            SampleJobs.Id, new ExportOptions { Format = ExportFormat.Srt, Labels = ["car"] }, Stream.Null,
            cancellationToken: Token));
        Assert.Empty(_server.Calls);
    }

    [Fact]
    public async Task Client_JobThatIsNotCompleted_IsResultsNotReady()
    {
        _server.Service.Get.Always((_, _) => Task.FromResult(new GetJobResponse { Job = SampleJobs.Running(3) }));
        await using var client = _server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => client.ExportAsync(
            SampleJobs.Id, new ExportOptions { Format = ExportFormat.Csv }, _folder.File("export"),
            cancellationToken: Token));

        Assert.Equal(ErrorReason.ResultsNotReady, failure.Reason);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Client_ServerIsUnavailableForAMoment_GoesOn()
    {
        var failures = 1;
        _server.Service.Results.Always((request, _) => request.PageToken.Length > 0 && failures-- > 0
            ? throw new RpcException(new Status(StatusCode.Unavailable, "restarting"))
            : Task.FromResult(PageOf(request.PageToken)));
        await using var client = _server.Connect();
        using var destination = new MemoryStream();

        await client.ExportAsync(
            SampleJobs.Id, new ExportOptions { Format = ExportFormat.Csv }, destination, cancellationToken: Token);

        Assert.Equal(3, Encoding.UTF8.GetString(destination.ToArray()).Split("\r\n")[..^1].Length);
    }

    private static GetJobResultsResponse PageOf(string pageToken) => new()
    {
        Results =
        {
            new FrameResult
            {
                FrameIndex = pageToken.Length == 0 ? 0 : 1,
                FrameTimestampMs = pageToken.Length == 0 ? 0u : 100,
                Result = new PipelineResult
                {
                    Detections =
                    {
                        new Detection
                        {
                            Label = "car", ClassId = 2, Confidence = 0.5f,
                            Box = new BoundingBox { Width = 1, Height = 1 },
                        },
                    },
                },
            },
        },
        Complete = true,
        NextPageToken = pageToken.Length == 0 ? "1" : "",
    };

    private Task<CommandLineRun> RunAsync(params string[] options) => CommandLineRun.StartAsync(
        ["export", SampleJobs.Id, .. options, "--server", _server.Address.ToString()], Token, _folder.Path);

    private Task<CommandLineRun> RunOnTerminalAsync(params string[] options) => CommandLineRun.StartAsync(
        ["export", SampleJobs.Id, .. options, "--server", _server.Address.ToString()], Token, _folder.Path,
        outputIsTerminal: true);
}
