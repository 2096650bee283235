using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>Uploads that go through without an interruption of the client.</summary>
public sealed class UploadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitFile_Upload_SendsEveryByteOnceInParallelParts()
    {
        await using var scene = await UploadScene.SetAsync();
        var allAtWork = new TaskCompletionSource();
        var atWork = 0;
        for (var part = 0; part < 3; part++)
        {
            // None of the first three is answered before all three are there.
            scene.Uploads.Part.Do(async (request, context) =>
            {
                if (Interlocked.Increment(ref atWork) == 3)
                {
                    allAtWork.SetResult();
                }

                await allAtWork.Task.WaitAsync(context.CancellationToken);
                return scene.Uploads.Take(request);
            });
        }

        var job = await scene.SubmitAsync(Token, changeUploads: uploads => uploads with { Parallelism = 3 });

        Assert.Equal(SampleJobs.Id, job.JobId);
        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
        Assert.Equal(3, scene.Uploads.MostPartsUnderWay);
        var parts = scene.Uploads.Part.Requests.OrderBy(part => part.Offset).ToList();
        Assert.Equal(Enumerable.Range(0, 11).Select(index => (long)index * UploadScene.PartBytes), parts.Select(part => part.Offset));
        Assert.Equal([.. Enumerable.Repeat(UploadScene.PartBytes, 10), 17], parts.Select(part => part.Data.Length));
        var created = Assert.Single(scene.Uploads.Create.Requests);
        Assert.Equal((scene.Bytes.Length, ""), (created.SizeBytes, created.Sha256));
        var submitted = Assert.Single(scene.Server.Service.Submit.Requests);
        Assert.Equal(("video.mp4", "yolo_ocr"), (submitted.DisplayName, submitted.PipelineId));
        Assert.Equal('4', Guid.Parse(submitted.RequestId).ToString()[14]);
        Assert.Empty(scene.Notes);
    }

    [Fact]
    public async Task SubmitFile_Upload_ReportsForwardToTheEnd()
    {
        await using var scene = await UploadScene.SetAsync();

        await scene.SubmitAsync(Token);

        var sending = scene.Reports.Where(report => report.Stage == UploadStage.Sending).ToList();
        Assert.Equal(sending.Select(report => report.BytesDone).Order(), sending.Select(report => report.BytesDone));
        Assert.Equal((0, scene.Bytes.Length), (sending[0].BytesDone, sending[^1].BytesDone));
        Assert.All(scene.Reports, report => Assert.True(report.CanResume));
        Assert.Equal(
            new UploadProgress(UploadStage.Completing, scene.Bytes.Length, scene.Bytes.Length, CanResume: true),
            scene.Reports[^1]);
    }

    [Fact]
    public async Task SubmitFile_ServerTakesSmallerParts_SendsThose()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Uploads.MaxPartBytes = 10_000;

        await scene.SubmitAsync(Token);

        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
        Assert.Equal(10_000, scene.Uploads.Part.Requests.Max(part => part.Data.Length));
    }

    [Fact]
    public async Task SubmitFile_AnswerOfCreateUploadLost_BeginsOneUpload()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Uploads.Create.BreakConnection();

        await scene.SubmitAsync(Token);

        Assert.Single(scene.Uploads.Create.Requests.Select(request => request.RequestId).Distinct());
        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitFile_BytesMissingAtTheEnd_SendsThoseAndSubmitsAgain()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Server.Service.Submit.Do((request, context) =>
        {
            Assert.Single(scene.Uploads.Open).Lose(UploadScene.PartBytes, 100);
            return scene.Uploads.SubmitAsync(request, context);
        });

        await scene.SubmitAsync(Token);

        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
        var again = scene.Uploads.Part.Requests[^1];
        Assert.Equal((12, UploadScene.PartBytes, 100), (scene.Uploads.Part.Requests.Count, again.Offset, again.Data.Length));
    }

    [Fact]
    public async Task SubmitFile_BytesMissingForEver_GivesUpAfterMaxAttempts()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Server.Service.Submit.Always((_, _) => throw Failures.Of(
            StatusCode.FailedPrecondition, ErrorReason.UploadIncomplete, "Byte 7 is missing."));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => scene.SubmitAsync(Token, options => options with { MaxAttempts = 3 }));

        Assert.Equal(ErrorReason.UploadIncomplete, failure.Reason);
        Assert.Equal(3, scene.Server.Service.Submit.Requests.Count);
        Assert.Single(scene.Notes);
    }

    [Fact]
    public async Task SubmitFile_UploadBeingCompleted_WaitsForIt()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Server.Service.Submit.Fail(Failures.UploadBusy, times: 8);

        var job = await scene.SubmitAsync(Token);

        Assert.Equal(SampleJobs.Id, job.JobId);
        Assert.Single(scene.Server.Service.Submit.Requests.Select(request => request.RequestId).Distinct());
    }

    [Fact]
    public async Task SubmitFile_OwnRequestId_IsSent()
    {
        await using var scene = await UploadScene.SetAsync();
        var requestId = Guid.NewGuid().ToString();

        await scene.SubmitAsync(Token, wish: options => options with { RequestId = requestId });

        Assert.Equal(requestId, Assert.Single(scene.Server.Service.Submit.Requests).RequestId);
    }

    [Fact]
    public async Task SubmitFile_JobHasAnotherHash_CancelsItAndSaysSo()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Server.Service.Submit.Do(async (request, context) =>
        {
            var response = await scene.Uploads.SubmitAsync(request, context);
            response.Job.VideoSha256 = new string('0', 64);
            return response;
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => scene.SubmitAsync(Token));

        Assert.Equal((StatusCode.DataLoss, ErrorReason.UploadContentMismatch), (failure.Code, failure.Reason));
        Assert.Equal(SampleJobs.Id, Assert.Single(scene.Server.Service.Cancel.Requests).JobId);
        Assert.False(scene.Reports[^1].CanResume);
    }

    [Fact]
    public async Task SubmitFile_ChangedWhileUploaded_AbortsAndSaysSo()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Uploads.Part.Do(async (request, context) =>
        {
            await File.AppendAllTextAsync(scene.Path, "more", context.CancellationToken);
            return scene.Uploads.Take(request);
        });

        var failure = await Assert.ThrowsAnyAsync<IOException>(() => scene.SubmitAsync(Token));

        Assert.Contains("was changed while it was uploaded", failure.Message, StringComparison.Ordinal);
        Assert.Empty(scene.Server.Service.Submit.Requests);
        Assert.Empty(scene.Uploads.Open);
        Assert.Empty(scene.Notes);
    }

    [Fact]
    public async Task SubmitFile_VideoRefused_AbortsTheUpload()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Server.Service.Submit.Fail(
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.TruncatedMp4, "The video was cut off."));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => scene.SubmitAsync(Token));

        Assert.Equal(ErrorReason.TruncatedMp4, failure.Reason);
        Assert.Empty(scene.Uploads.Open);
        Assert.Empty(scene.Notes);
        Assert.False(scene.Reports[^1].CanResume);
    }

    [Fact]
    public async Task SubmitFile_RefusedForAnotherReason_GoesOnWithoutSendingAgain()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Server.Service.Submit.Fail(
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.InvalidField, "frame_stride is too large."));
        await Assert.ThrowsAsync<ForegSyteException>(() => scene.SubmitAsync(Token));

        await scene.SubmitAsync(Token);

        Assert.Equal(11, scene.Uploads.Part.Requests.Count);
        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitFile_UnknownPipeline_IsToldBeforeAnythingIsSent()
    {
        await using var scene = await UploadScene.SetAsync();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => scene.SubmitAsync(Token, wish: options => options with { PipelineId = "yolo_orc" }));

        Assert.Equal(ErrorReason.UnknownPipeline, failure.Reason);
        Assert.Contains("there are yolo_ocr", failure.Message, StringComparison.Ordinal);
        Assert.Empty(scene.Uploads.Create.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("RIFF1234AVI ")]
    public async Task SubmitFile_NoMp4_IsToldBeforeAnythingIsSent(string content)
    {
        await using var scene = await UploadScene.SetAsync();
        await File.WriteAllTextAsync(scene.Path, content, Token);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => scene.SubmitAsync(Token));

        Assert.Equal(ErrorReason.NotAnMp4, failure.Reason);
        Assert.Empty(scene.Uploads.Create.Requests);
    }
}
