using System.Runtime.Versioning;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>Uploads that another client goes on with.</summary>
public sealed class UploadResumeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitFile_AfterAnInterruption_SendsWhatIsMissing()
    {
        await using var scene = await UploadScene.SetAsync();
        await scene.InterruptAfterAsync(parts: 4, Token);
        var before = scene.Uploads.Part.Requests.Count;

        await scene.SubmitAsync(Token);

        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
        Assert.Equal(7, scene.Uploads.Part.Requests.Count - before);
        Assert.Single(scene.Uploads.Create.Requests);
        Assert.Empty(scene.Notes);
        const int There = 4 * UploadScene.PartBytes;
        Assert.Equal(new UploadProgress(UploadStage.Checking, 0, There, CanResume: true), scene.Reports[0]);
        Assert.Contains(new UploadProgress(UploadStage.Checking, There, There, CanResume: true), scene.Reports);
        Assert.Equal(
            There + UploadScene.PartBytes,
            scene.Reports.First(report => report.Stage == UploadStage.Sending).BytesDone);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task SubmitFile_Interrupted_LeavesANoteForItsUserAlone()
    {
        await using var scene = await UploadScene.SetAsync();

        await scene.InterruptAfterAsync(parts: 1, Token);

        const UnixFileMode ReadWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(ReadWrite, File.GetUnixFileMode(Assert.Single(scene.Notes)));
        Assert.Equal(ReadWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(scene.StateFolder));
    }

    [Fact]
    public async Task SubmitFile_NotesOfLongAgo_AreRemoved()
    {
        await using var scene = await UploadScene.SetAsync();
        Directory.CreateDirectory(scene.StateFolder);
        var (old, young) = (Path.Combine(scene.StateFolder, "old.json"), Path.Combine(scene.StateFolder, "young.json"));
        await File.WriteAllTextAsync(old, "{}", Token);
        await File.WriteAllTextAsync(young, "{}", Token);
        File.SetLastWriteTimeUtc(old, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-31));

        await scene.SubmitAsync(Token);

        Assert.Equal([young], scene.Notes);
    }

    [Fact]
    public async Task SubmitFile_InterruptedBeforeTheUploadWasTold_GetsTheSameUpload()
    {
        await using var scene = await UploadScene.SetAsync();
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(Token);
        scene.Uploads.Create.Do(async (_, context) =>
        {
            await interruption.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            throw new InvalidOperationException("An infinite wait has ended.");
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scene.SubmitAsync(interruption.Token));

        await scene.SubmitAsync(Token);

        Assert.Single(scene.Uploads.Create.Requests.Select(request => request.RequestId).Distinct());
        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitFile_InterruptedBeforeTheJobWasTold_GetsThatJob()
    {
        await using var scene = await UploadScene.SetAsync();
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(Token);
        scene.Server.Service.Submit.Do(async (request, context) =>
        {
            await scene.Uploads.SubmitAsync(request, context);
            await interruption.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            throw new InvalidOperationException("An infinite wait has ended.");
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scene.SubmitAsync(interruption.Token));
        Assert.Single(scene.Notes);

        var job = await scene.SubmitAsync(Token);

        Assert.Equal(SampleJobs.Id, job.JobId);
        Assert.Single(scene.Uploads.Videos);
        Assert.Single(scene.Uploads.Create.Requests);
        Assert.Empty(scene.Notes);
    }

    [Fact]
    public async Task SubmitFile_AfterOneThatWentThrough_IsANewUpload()
    {
        await using var scene = await UploadScene.SetAsync();
        await scene.SubmitAsync(Token);

        await scene.SubmitAsync(Token);

        Assert.Equal(2, scene.Uploads.Videos.Count);
        Assert.Equal(2, scene.Server.Service.Submit.Requests.Select(request => request.RequestId).Distinct().Count());
    }

    [Fact]
    public async Task SubmitFile_UploadExpiredMeanwhile_BeginsAnew()
    {
        await using var scene = await UploadScene.SetAsync();
        await scene.InterruptAfterAsync(parts: 4, Token);
        scene.Uploads.Get.Fail(Failures.UploadNotFound);
        scene.Server.Service.Submit.Fail(Failures.UploadNotFound);

        await scene.SubmitAsync(Token);

        Assert.Equal(2, scene.Uploads.Create.Requests.Select(request => request.RequestId).Distinct().Count());
        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
    }

    [Theory]
    [InlineData("longer")]
    [InlineData("written again")]
    [InlineData("other bytes, same size and time")]
    public async Task SubmitFile_FileChangedMeanwhile_BeginsAnewAndAbortsTheOld(string change)
    {
        await using var scene = await UploadScene.SetAsync();
        await scene.InterruptAfterAsync(parts: 4, Token);
        var old = Assert.Single(scene.Uploads.Open).Id;
        Change(scene.Path, change);

        await scene.SubmitAsync(Token);

        Assert.Equal(old, Assert.Single(scene.Uploads.Abort.Requests).UploadId);
        Assert.Equal(await File.ReadAllBytesAsync(scene.Path, Token), Assert.Single(scene.Uploads.Videos));
        Assert.Equal(2, scene.Uploads.Create.Requests.Count);
    }

    [Fact]
    public async Task SubmitFile_BytesThatWereThereChanged_IsNoticedByTheHash()
    {
        await using var scene = await UploadScene.SetAsync(sizeBytes: 20 * UploadScene.PartBytes);
        await scene.InterruptAfterAsync(parts: 8, Token);
        // Neither size nor time nor the places of the fingerprint tell of it.
        var time = File.GetLastWriteTimeUtc(scene.Path);
        await using (var file = File.OpenWrite(scene.Path))
        {
            file.Position = 4 * UploadScene.PartBytes;
            file.Write("changed"u8);
        }

        File.SetLastWriteTimeUtc(scene.Path, time);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => scene.SubmitAsync(Token));

        Assert.Equal(ErrorReason.UploadContentMismatch, failure.Reason);
        Assert.Single(scene.Server.Service.Cancel.Requests);
        Assert.Empty(scene.Notes);
    }

    [Fact]
    public async Task SubmitFile_RangesMakeNoSense_SendsThoseBytesAgain()
    {
        await using var scene = await UploadScene.SetAsync();
        await scene.InterruptAfterAsync(parts: 4, Token);
        scene.Uploads.Get.Do((request, _) => Task.FromResult(new GetUploadResponse
        {
            Upload = new Upload
            {
                UploadId = request.UploadId,
                SizeBytes = scene.Bytes.Length,
                Ranges =
                {
                    new ByteRange { Start = 70_000, End = 90_000 },
                    new ByteRange { Start = 0, End = 80_000 },
                    new ByteRange { Start = -5, End = 10 },
                    new ByteRange { Start = 300_000, End = 300_000 },
                    new ByteRange { Start = 400_000, End = long.MaxValue },
                },
            },
        }));

        await scene.SubmitAsync(Token);

        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitFile_NoteDamaged_BeginsAnew()
    {
        await using var scene = await UploadScene.SetAsync();
        await scene.InterruptAfterAsync(parts: 4, Token);
        await File.WriteAllTextAsync(Assert.Single(scene.Notes), """{"Server":"http://""", Token);

        await scene.SubmitAsync(Token);

        Assert.Equal(2, scene.Uploads.Create.Requests.Count);
        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
        Assert.Empty(scene.Notes);
    }

    [Fact]
    public async Task SubmitFile_AnotherServer_HasANoteOfItsOwn()
    {
        await using var scene = await UploadScene.SetAsync();
        await scene.InterruptAfterAsync(parts: 4, Token);
        await using var other = await UploadScene.SetAsync();

        await scene.SubmitAsync(Token, options => options with { Address = other.Server.Address });

        Assert.Equal(scene.Bytes, Assert.Single(other.Uploads.Videos));
        Assert.Single(scene.Notes);
        Assert.Single(scene.Uploads.Open);
    }

    [Fact]
    public async Task SubmitFile_AnotherProcessSendsIt_MakesAnUploadOfItsOwn()
    {
        await using var scene = await UploadScene.SetAsync();
        var reached = new TaskCompletionSource();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        scene.Uploads.Part.Hang(reached);
        var first = scene.SubmitAsync(end.Token, changeUploads: uploads => uploads with { Parallelism = 1 });
        await reached.Task.WaitAsync(UploadScene.TimeLimit, Token);

        await scene.SubmitAsync(Token);

        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
        Assert.All(scene.Reports, report => Assert.False(report.CanResume));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Single(scene.Notes);
    }

    [Fact]
    public async Task SubmitFile_NotesCannotBeKept_UploadsAllTheSame()
    {
        await using var scene = await UploadScene.SetAsync();
        await File.WriteAllTextAsync(Path.GetDirectoryName(scene.StateFolder)!, "a file, no folder", Token);

        await scene.SubmitAsync(Token);

        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
        Assert.All(scene.Reports, report => Assert.False(report.CanResume));
    }

    private static void Change(string path, string change)
    {
        var time = File.GetLastWriteTimeUtc(path);
        switch (change)
        {
            case "longer":
                File.AppendAllText(path, "more");
                break;
            case "written again":
                File.SetLastWriteTimeUtc(path, time.AddSeconds(1));
                break;
            default:
                using (var file = File.OpenWrite(path))
                {
                    file.Position = file.Length - 5;
                    file.Write("other"u8);
                }

                File.SetLastWriteTimeUtc(path, time);
                break;
        }
    }
}
