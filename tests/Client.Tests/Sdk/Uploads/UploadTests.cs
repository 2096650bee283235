using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>Uploads without an interruption of the client.</summary>
public sealed class UploadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitFile_Upload_SendsEveryByteOnceInParallelParts()
    {
        await using var fixture = await UploadFixture.StartAsync();
        var allStarted = new TaskCompletionSource();
        var started = 0;
        for (var part = 0; part < 3; part++)
        {
            // The first three parts complete only after all three have arrived.
            fixture.Uploads.Part.Do(async (request, context) =>
            {
                if (Interlocked.Increment(ref started) == 3)
                {
                    allStarted.SetResult();
                }

                await allStarted.Task.WaitAsync(context.CancellationToken);
                return fixture.Uploads.Take(request);
            });
        }

        var job = await fixture.SubmitAsync(Token, changeUploads: uploads => uploads with { Parallelism = 3 });

        Assert.Equal(SampleJobs.Id, job.JobId);
        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
        Assert.Equal(3, fixture.Uploads.MaxConcurrentParts);
        var parts = fixture.Uploads.Part.Requests.OrderBy(part => part.Offset).ToList();
        Assert.Equal(
            Enumerable.Range(0, 11).Select(index => (long)index * UploadFixture.PartBytes),
            parts.Select(part => part.Offset));
        Assert.Equal([.. Enumerable.Repeat(UploadFixture.PartBytes, 10), 17], parts.Select(part => part.Data.Length));
        var created = Assert.Single(fixture.Uploads.Create.Requests);
        Assert.Equal((fixture.Bytes.Length, ""), (created.SizeBytes, created.Sha256));
        var submitted = Assert.Single(fixture.Server.Service.Submit.Requests);
        Assert.Equal(("video.mp4", "yolo_ocr"), (submitted.DisplayName, submitted.PipelineId));
        Assert.Equal('4', Guid.Parse(submitted.RequestId).ToString()[14]);
        Assert.Empty(fixture.Checkpoints);
    }

    [Fact]
    public async Task SubmitFile_Upload_ReportsIncreasingProgress()
    {
        await using var fixture = await UploadFixture.StartAsync();

        await fixture.SubmitAsync(Token);

        var sending = fixture.Reports.Where(report => report.Stage == UploadStage.Sending).ToList();
        Assert.Equal(sending.Select(report => report.BytesDone).Order(), sending.Select(report => report.BytesDone));
        Assert.Equal((0, fixture.Bytes.Length), (sending[0].BytesDone, sending[^1].BytesDone));
        Assert.DoesNotContain(fixture.Reports, report => !report.CanResume);
        Assert.Equal(
            new UploadProgress(UploadStage.Completing, fixture.Bytes.Length, fixture.Bytes.Length, CanResume: true),
            fixture.Reports[^1]);
    }

    [Fact]
    public async Task SubmitFile_ServerLimitsPartSize_SendsSmallerParts()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Uploads.MaxPartBytes = 10_000;

        await fixture.SubmitAsync(Token);

        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
        Assert.Equal(10_000, fixture.Uploads.Part.Requests.Max(part => part.Data.Length));
    }

    [Fact]
    public async Task SubmitFile_ResponseOfCreateUploadLost_CreatesOneUpload()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Uploads.Create.BreakConnection();

        await fixture.SubmitAsync(Token);

        Assert.Single(fixture.Uploads.Create.Requests.Select(request => request.RequestId).Distinct());
        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitFile_ServerLostBytes_SendsThemAndSubmitsAgain()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Server.Service.Submit.Do((request, context) =>
        {
            Assert.Single(fixture.Uploads.Open).Lose(UploadFixture.PartBytes, 100);
            return fixture.Uploads.SubmitAsync(request, context);
        });

        await fixture.SubmitAsync(Token);

        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
        var again = fixture.Uploads.Part.Requests[^1];
        Assert.Equal(
            (12, UploadFixture.PartBytes, 100),
            (fixture.Uploads.Part.Requests.Count, again.Offset, again.Data.Length));
    }

    [Fact]
    public async Task SubmitFile_ServerAlwaysLosesBytes_StopsAfterMaxAttempts()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Server.Service.Submit.Always((_, _) => throw Failures.Of(
            StatusCode.FailedPrecondition, ErrorReason.UploadIncomplete, "Byte 7 is missing."));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => fixture.SubmitAsync(Token, options => options with { MaxAttempts = 3 }));

        Assert.Equal(ErrorReason.UploadIncomplete, failure.Reason);
        Assert.Equal(3, fixture.Server.Service.Submit.Requests.Count);
        Assert.Single(fixture.Checkpoints);
    }

    [Fact]
    public async Task SubmitFile_UploadBusy_Waits()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Server.Service.Submit.Fail(Failures.UploadBusy, times: 8);

        var job = await fixture.SubmitAsync(Token);

        Assert.Equal(SampleJobs.Id, job.JobId);
        Assert.Single(fixture.Server.Service.Submit.Requests.Select(request => request.RequestId).Distinct());
    }

    [Fact]
    public async Task SubmitFile_RequestIdSet_IsSent()
    {
        await using var fixture = await UploadFixture.StartAsync();
        var requestId = Guid.NewGuid().ToString();

        await fixture.SubmitAsync(Token, changeSubmit: options => options with { RequestId = requestId });

        Assert.Equal(requestId, Assert.Single(fixture.Server.Service.Submit.Requests).RequestId);
    }

    [Fact]
    public async Task SubmitFile_JobHasAnotherHash_CancelsItAndThrows()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Server.Service.Submit.Do(async (request, context) =>
        {
            var response = await fixture.Uploads.SubmitAsync(request, context);
            response.Job.VideoSha256 = new string('0', 64);
            return response;
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => fixture.SubmitAsync(Token));

        Assert.Equal((StatusCode.DataLoss, ErrorReason.UploadContentMismatch), (failure.Code, failure.Reason));
        Assert.Equal(SampleJobs.Id, Assert.Single(fixture.Server.Service.Cancel.Requests).JobId);
        Assert.False(fixture.Reports[^1].CanResume, "An abandoned upload cannot be resumed.");
    }

    [Fact]
    public async Task SubmitFile_FileChangesDuringTheUpload_AbortsAndThrows()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Uploads.Part.Do(async (request, context) =>
        {
            await File.AppendAllTextAsync(fixture.Path, "more", context.CancellationToken);
            return fixture.Uploads.Take(request);
        });

        var failure = await Assert.ThrowsAnyAsync<IOException>(() => fixture.SubmitAsync(Token));

        Assert.Contains("was changed during the upload", failure.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Server.Service.Submit.Requests);
        Assert.Empty(fixture.Uploads.Open);
        Assert.Empty(fixture.Checkpoints);
    }

    [Fact]
    public async Task SubmitFile_VideoRejected_AbortsTheUpload()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Server.Service.Submit.Fail(
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.TruncatedMp4, "The video was cut off."));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => fixture.SubmitAsync(Token));

        Assert.Equal(ErrorReason.TruncatedMp4, failure.Reason);
        Assert.Empty(fixture.Uploads.Open);
        Assert.Empty(fixture.Checkpoints);
        Assert.False(fixture.Reports[^1].CanResume, "An abandoned upload cannot be resumed.");
    }

    [Fact]
    public async Task SubmitFile_SubmissionRejected_ResumesWithoutSendingAgain()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Server.Service.Submit.Fail(
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.InvalidField, "frame_stride is too large."));
        await Assert.ThrowsAsync<ForegSyteException>(() => fixture.SubmitAsync(Token));

        await fixture.SubmitAsync(Token);

        Assert.Equal(11, fixture.Uploads.Part.Requests.Count);
        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitFile_UnknownPipeline_FailsBeforeItSendsAnything()
    {
        await using var fixture = await UploadFixture.StartAsync();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => fixture.SubmitAsync(Token, changeSubmit: options => options with { PipelineId = "yolo_orc" }));

        Assert.Equal(ErrorReason.UnknownPipeline, failure.Reason);
        Assert.Contains("Available: yolo_ocr", failure.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Uploads.Create.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("RIFF1234AVI ")]
    public async Task SubmitFile_NoMp4_FailsBeforeItSendsAnything(string content)
    {
        await using var fixture = await UploadFixture.StartAsync();
        await File.WriteAllTextAsync(fixture.Path, content, Token);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => fixture.SubmitAsync(Token));

        Assert.Equal(ErrorReason.NotAnMp4, failure.Reason);
        Assert.Empty(fixture.Uploads.Create.Requests);
    }
}
