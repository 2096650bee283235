using System.Runtime.Versioning;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>Uploads that another client resumes.</summary>
public sealed class UploadResumeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitFile_AfterAnInterruption_SendsTheMissingParts()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await fixture.InterruptAfterAsync(parts: 4, Token);
        var before = fixture.Uploads.Part.Requests.Count;

        await fixture.SubmitAsync(Token);

        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
        Assert.Equal(7, fixture.Uploads.Part.Requests.Count - before);
        Assert.Single(fixture.Uploads.Create.Requests);
        Assert.Empty(fixture.Checkpoints);
        const int Uploaded = 4 * UploadFixture.PartBytes;
        Assert.Equal(new UploadProgress(UploadStage.Checking, 0, Uploaded, CanResume: true), fixture.Reports[0]);
        Assert.Contains(new UploadProgress(UploadStage.Checking, Uploaded, Uploaded, CanResume: true), fixture.Reports);
        Assert.Equal(
            Uploaded + UploadFixture.PartBytes,
            fixture.Reports.First(report => report.Stage == UploadStage.Sending).BytesDone);
        Assert.All(
            fixture.Reports.GroupBy(report => report.Stage),
            stage => Assert.Equal(
                stage.Select(report => report.BytesDone).Order(), stage.Select(report => report.BytesDone)));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task SubmitFile_Interrupted_LeavesACheckpointThatOnlyTheUserCanRead()
    {
        await using var fixture = await UploadFixture.StartAsync();

        await fixture.InterruptAfterAsync(parts: 1, Token);

        const UnixFileMode ReadWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(ReadWrite, File.GetUnixFileMode(Assert.Single(fixture.Checkpoints)));
        Assert.Equal(ReadWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(fixture.StateFolder));
    }

    [Fact]
    public async Task SubmitFile_OldCheckpoints_AreDeleted()
    {
        await using var fixture = await UploadFixture.StartAsync();
        Directory.CreateDirectory(fixture.StateFolder);
        var old = Path.Combine(fixture.StateFolder, "old.json");
        var young = Path.Combine(fixture.StateFolder, "young.json");
        await File.WriteAllTextAsync(old, "{}", Token);
        await File.WriteAllTextAsync(young, "{}", Token);
        File.SetLastWriteTimeUtc(old, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-31));

        await fixture.SubmitAsync(Token);

        Assert.Equal([young], fixture.Checkpoints);
    }

    [Fact]
    public async Task SubmitFile_InterruptedDuringCreateUpload_GetsTheSameUpload()
    {
        await using var fixture = await UploadFixture.StartAsync();
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(Token);
        fixture.Uploads.Create.Do(async (_, context) =>
        {
            await interruption.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            throw new InvalidOperationException("An infinite wait has ended.");
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.SubmitAsync(interruption.Token));

        await fixture.SubmitAsync(Token);

        Assert.Single(fixture.Uploads.Create.Requests.Select(request => request.RequestId).Distinct());
        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitFile_InterruptedDuringSubmitVideo_GetsTheSameJob()
    {
        await using var fixture = await UploadFixture.StartAsync();
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(Token);
        fixture.Server.Service.Submit.Do(async (request, context) =>
        {
            await fixture.Uploads.SubmitAsync(request, context);
            await interruption.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            throw new InvalidOperationException("An infinite wait has ended.");
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.SubmitAsync(interruption.Token));
        Assert.Single(fixture.Checkpoints);

        var job = await fixture.SubmitAsync(Token);

        Assert.Equal(SampleJobs.Id, job.JobId);
        Assert.Single(fixture.Uploads.Videos);
        Assert.Single(fixture.Uploads.Create.Requests);
        Assert.Empty(fixture.Checkpoints);
    }

    [Fact]
    public async Task SubmitFile_AfterASuccess_IsANewUpload()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await fixture.SubmitAsync(Token);

        await fixture.SubmitAsync(Token);

        Assert.Equal(2, fixture.Uploads.Videos.Count);
        Assert.Equal(2, fixture.Server.Service.Submit.Requests.Select(request => request.RequestId).Distinct().Count());
    }

    [Fact]
    public async Task SubmitFile_UploadExpired_StartsAgain()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await fixture.InterruptAfterAsync(parts: 4, Token);
        fixture.Uploads.Get.Fail(Failures.UploadNotFound);
        fixture.Server.Service.Submit.Fail(Failures.UploadNotFound);

        await fixture.SubmitAsync(Token);

        Assert.Equal(2, fixture.Uploads.Create.Requests.Select(request => request.RequestId).Distinct().Count());
        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
    }

    [Theory]
    [InlineData("longer")]
    [InlineData("written again")]
    [InlineData("other bytes, same size and time")]
    public async Task SubmitFile_FileChanged_StartsAgainAndAbortsTheOldUpload(string change)
    {
        await using var fixture = await UploadFixture.StartAsync();
        await fixture.InterruptAfterAsync(parts: 4, Token);
        var old = Assert.Single(fixture.Uploads.Open).Id;
        Change(fixture.Path, change);

        await fixture.SubmitAsync(Token);

        Assert.Equal(old, Assert.Single(fixture.Uploads.Abort.Requests).UploadId);
        Assert.Equal(await File.ReadAllBytesAsync(fixture.Path, Token), Assert.Single(fixture.Uploads.Videos));
        Assert.Equal(2, fixture.Uploads.Create.Requests.Count);
    }

    [Fact]
    public async Task SubmitFile_UploadedBytesChanged_FailsByTheHash()
    {
        await using var fixture = await UploadFixture.StartAsync(sizeBytes: 20 * UploadFixture.PartBytes);
        await fixture.InterruptAfterAsync(parts: 8, Token);
        // Size, modification time and the samples of the fingerprint stay the same.
        var time = File.GetLastWriteTimeUtc(fixture.Path);
        await using (var file = File.OpenWrite(fixture.Path))
        {
            file.Position = 4 * UploadFixture.PartBytes;
            file.Write("changed"u8);
        }

        File.SetLastWriteTimeUtc(fixture.Path, time);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => fixture.SubmitAsync(Token));

        Assert.Equal(ErrorReason.UploadContentMismatch, failure.Reason);
        Assert.Single(fixture.Server.Service.Cancel.Requests);
        Assert.Empty(fixture.Checkpoints);
    }

    [Fact]
    public async Task SubmitFile_InvalidRanges_SendsTheirBytesAgain()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await fixture.InterruptAfterAsync(parts: 4, Token);
        fixture.Uploads.Get.Do((request, _) => Task.FromResult(new GetUploadResponse
        {
            Upload = new Upload
            {
                UploadId = request.UploadId,
                SizeBytes = fixture.Bytes.Length,
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

        await fixture.SubmitAsync(Token);

        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitFile_CheckpointDamaged_StartsAgain()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await fixture.InterruptAfterAsync(parts: 4, Token);
        await File.WriteAllTextAsync(Assert.Single(fixture.Checkpoints), """{"Server":"http://""", Token);

        await fixture.SubmitAsync(Token);

        Assert.Equal(2, fixture.Uploads.Create.Requests.Count);
        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
        Assert.Empty(fixture.Checkpoints);
    }

    [Fact]
    public async Task SubmitFile_AnotherServer_HasASeparateCheckpoint()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await fixture.InterruptAfterAsync(parts: 4, Token);
        await using var other = await UploadFixture.StartAsync();

        await fixture.SubmitAsync(Token, options => options with { Address = other.Server.Address });

        Assert.Equal(fixture.Bytes, Assert.Single(other.Uploads.Videos));
        Assert.Single(fixture.Checkpoints);
        Assert.Single(fixture.Uploads.Open);
    }

    [Fact]
    public async Task SubmitFile_AnotherProcessUploadsIt_CreatesASeparateUpload()
    {
        await using var fixture = await UploadFixture.StartAsync();
        var reached = new TaskCompletionSource();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        fixture.Uploads.Part.Hang(reached);
        var first = fixture.SubmitAsync(end.Token, changeUploads: uploads => uploads with { Parallelism = 1 });
        await reached.Task.WaitAsync(Script.TimeLimit, Token);

        await fixture.SubmitAsync(Token);

        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
        Assert.DoesNotContain(fixture.Reports, report => report.CanResume);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Single(fixture.Checkpoints);
    }

    [Fact]
    public async Task SubmitFile_StateFolderNotWritable_StillUploads()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await File.WriteAllTextAsync(Path.GetDirectoryName(fixture.StateFolder)!, "not a folder", Token);

        await fixture.SubmitAsync(Token);

        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
        Assert.DoesNotContain(fixture.Reports, report => report.CanResume);
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
