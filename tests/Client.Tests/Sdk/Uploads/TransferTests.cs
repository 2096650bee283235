using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Grpc.Core;
using Source = ForegSyte.V1.SubmitVideoRequest.SourceOneofCase;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>The choice of the way.</summary>
public sealed class TransferTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitFile_SmallFile_GoesInsideTheMessage()
    {
        Assert.Equal([Source.Content], await WaysAsync(VideoTransfer.Automatic, maxInlineBytes: int.MaxValue / 4));
    }

    [Fact]
    public async Task SubmitFile_ServerTakesLessInside_GoesOnToTheNextWay()
    {
        Assert.Equal(
            [Source.Content, Source.Uri, Source.UploadId],
            await WaysAsync(
                VideoTransfer.Automatic,
                maxInlineBytes: int.MaxValue / 4,
                Failures.Of(StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge, "Too large."),
                Failures.Of(StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed, "Not there.")));
    }

    [Fact]
    public async Task SubmitFile_LargeFileThatTheServerMayRead_GoesByItsPath()
    {
        Assert.Equal([Source.Uri], await WaysAsync(VideoTransfer.Automatic));
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed)]
    [InlineData(StatusCode.NotFound, ErrorReason.SourceNotFound)]
    [InlineData(StatusCode.InvalidArgument, ErrorReason.UnsupportedUri)]
    public async Task SubmitFile_LargeFileThatTheServerMayNotRead_IsUploaded(StatusCode code, ErrorReason reason)
    {
        Assert.Equal(
            [Source.Uri, Source.UploadId],
            await WaysAsync(VideoTransfer.Automatic, 1000, Failures.Of(code, reason, "No.")));
    }

    [Fact]
    public async Task SubmitFile_PathRefusedForTheVideo_IsNotUploaded()
    {
        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => WaysAsync(
            VideoTransfer.Automatic, 1000,
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.TruncatedMp4, "It was cut off.")));

        Assert.Equal(ErrorReason.TruncatedMp4, failure.Reason);
    }

    [Theory]
    [InlineData(VideoTransfer.Content, Source.Content)]
    [InlineData(VideoTransfer.Path, Source.Uri)]
    [InlineData(VideoTransfer.Upload, Source.UploadId)]
    public async Task SubmitFile_WayNamed_IsTaken(VideoTransfer transfer, Source source)
    {
        Assert.Equal([source], await WaysAsync(transfer, maxInlineBytes: int.MaxValue / 4));
    }

    [Fact]
    public async Task SubmitFile_PathNamedAndRefused_IsThrown()
    {
        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => WaysAsync(
            VideoTransfer.Path, 1000,
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed, "Not there.")));

        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
    }

    [Fact]
    public async Task SubmitFile_ContentNamedAndTooLarge_IsRefusedBeforeAnythingIsSent()
    {
        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => WaysAsync(VideoTransfer.Content));

        Assert.Equal(ErrorReason.MessageTooLarge, failure.Reason);
    }

    /// <summary>The sources of the submissions of one file, oldest first.</summary>
    private static async Task<IEnumerable<Source>> WaysAsync(
        VideoTransfer transfer, int maxInlineBytes = 1000, params RpcException[] refusals)
    {
        await using var scene = await UploadScene.SetAsync();
        foreach (var refusal in refusals)
        {
            scene.Server.Service.Submit.Fail(refusal);
        }

        scene.Server.Service.Submit.Always((request, context) => request.SourceCase == Source.UploadId
            ? scene.Uploads.SubmitAsync(request, context)
            : Task.FromResult(new SubmitVideoResponse { Job = SampleJobs.Pending() }));
        await scene.SubmitAsync(
            Token,
            options => options with { MaxInlineBytes = maxInlineBytes, MaxMessageBytes = int.MaxValue },
            wish: options => options with { Transfer = transfer });
        return scene.Server.Service.Submit.Requests.Select(request => request.SourceCase);
    }
}
