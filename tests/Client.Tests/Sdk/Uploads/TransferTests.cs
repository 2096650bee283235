using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Grpc.Core;
using Source = ForegSyte.V1.SubmitVideoRequest.SourceOneofCase;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>The choice of the transfer.</summary>
public sealed class TransferTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitFile_SmallFile_GoesInsideTheMessage()
    {
        Assert.Equal([Source.Content], await TransfersAsync(VideoTransfer.Automatic, maxInlineBytes: int.MaxValue / 4));
    }

    [Fact]
    public async Task SubmitFile_MessageTooLargeForTheServer_TriesTheNextTransfer()
    {
        Assert.Equal(
            [Source.Content, Source.Uri, Source.UploadId],
            await TransfersAsync(
                VideoTransfer.Automatic,
                maxInlineBytes: int.MaxValue / 4,
                Failures.Of(StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge, "Too large."),
                Failures.Of(StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed, "Not there.")));
    }

    [Fact]
    public async Task SubmitFile_LargeFileThatTheServerCanRead_GoesByPath()
    {
        Assert.Equal([Source.Uri], await TransfersAsync(VideoTransfer.Automatic));
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed)]
    [InlineData(StatusCode.NotFound, ErrorReason.SourceNotFound)]
    [InlineData(StatusCode.InvalidArgument, ErrorReason.UnsupportedUri)]
    public async Task SubmitFile_LargeFileThatTheServerCannotRead_IsUploaded(StatusCode code, ErrorReason reason)
    {
        Assert.Equal(
            [Source.Uri, Source.UploadId],
            await TransfersAsync(VideoTransfer.Automatic, 1000, Failures.Of(code, reason, "No.")));
    }

    [Fact]
    public async Task SubmitFile_VideoRejected_IsNotUploaded()
    {
        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => TransfersAsync(
            VideoTransfer.Automatic, 1000,
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.TruncatedMp4, "It was cut off.")));

        Assert.Equal(ErrorReason.TruncatedMp4, failure.Reason);
    }

    [Theory]
    [InlineData(VideoTransfer.Content, Source.Content)]
    [InlineData(VideoTransfer.Path, Source.Uri)]
    [InlineData(VideoTransfer.Upload, Source.UploadId)]
    public async Task SubmitFile_TransferSet_IsUsed(VideoTransfer transfer, Source source)
    {
        Assert.Equal([source], await TransfersAsync(transfer, maxInlineBytes: int.MaxValue / 4));
    }

    [Fact]
    public async Task SubmitFile_PathSetAndRejected_Throws()
    {
        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => TransfersAsync(
            VideoTransfer.Path, 1000,
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed, "Not there.")));

        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
    }

    [Fact]
    public async Task SubmitFile_ContentSetAndTooLarge_FailsBeforeItSendsAnything()
    {
        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => TransfersAsync(VideoTransfer.Content));

        Assert.Equal(ErrorReason.MessageTooLarge, failure.Reason);
    }

    /// <summary>Submits one file and returns the sources of its submissions, oldest first.</summary>
    private static async Task<IEnumerable<Source>> TransfersAsync(
        VideoTransfer transfer, int maxInlineBytes = 1000, params RpcException[] refusals)
    {
        await using var fixture = await UploadFixture.StartAsync();
        foreach (var refusal in refusals)
        {
            fixture.Server.Service.Submit.Fail(refusal);
        }

        fixture.Server.Service.Submit.Always((request, context) => request.SourceCase == Source.UploadId
            ? fixture.Uploads.SubmitAsync(request, context)
            : Task.FromResult(new SubmitVideoResponse { Job = SampleJobs.Pending() }));
        await fixture.SubmitAsync(
            Token,
            options => options with { MaxInlineBytes = maxInlineBytes, MaxMessageBytes = int.MaxValue },
            changeSubmit: options => options with { Transfer = transfer });
        return fixture.Server.Service.Submit.Requests.Select(request => request.SourceCase);
    }
}
