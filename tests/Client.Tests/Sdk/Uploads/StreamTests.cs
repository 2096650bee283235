using System.Security.Cryptography;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>Submissions of streams and bytes, inside the message and as uploads.</summary>
public sealed class StreamTests : IAsyncLifetime
{
    private const int MaxInlineBytes = 100_000;

    private readonly TemporaryFolder _folder = new();
    private UploadFixture _fixture = null!;
    private ForegSyteClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static SubmitOptions Options { get; } = new() { PipelineId = "yolo_ocr" };

    public async ValueTask InitializeAsync()
    {
        _fixture = await UploadFixture.StartAsync();
        _client = Connect();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _fixture.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SubmitVideo_SmallStream_IsSentInsideTheMessage(bool canSeek)
    {
        _fixture.Server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        var bytes = Mp4(MaxInlineBytes);

        await _client.SubmitVideoAsync(StreamOf(bytes, canSeek), Options, cancellationToken: Token);

        Assert.Equal(bytes, Assert.Single(_fixture.Server.Service.Submit.Requests).Content.ToByteArray());
        Assert.Empty(_fixture.Uploads.Create.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SubmitVideo_LargeStream_IsUploaded(bool canSeek)
    {
        var reports = new List<UploadProgress>();

        await _client.SubmitVideoAsync(
            StreamOf(_fixture.Bytes, canSeek), Options, new SynchronousReports(reports), cancellationToken: Token);

        Assert.Equal(_fixture.Bytes, Assert.Single(_fixture.Uploads.Videos));
        Assert.Equal("", Assert.Single(_fixture.Server.Service.Submit.Requests).DisplayName);
        Assert.Equal(UploadStage.Completing, reports[^1].Stage);
        Assert.All(reports, report => Assert.False(report.CanResume, "Nobody can resume the upload of a stream."));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task SubmitVideo_StreamAtAPosition_SendsTheRest()
    {
        using var stream = new MemoryStream([1, 2, 3, .. _fixture.Bytes]) { Position = 3 };

        await _client.SubmitVideoAsync(stream, Options, cancellationToken: Token);

        Assert.Equal(_fixture.Bytes, Assert.Single(_fixture.Uploads.Videos));
        Assert.True(stream.CanRead, "The client closed the caller's stream.");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SubmitVideo_BytesLost_ReadsTheStreamAgain(bool canSeek)
    {
        _fixture.Server.Service.Submit.Do((_, _) =>
        {
            _fixture.Uploads.Open.Single().Lose(70_000, 1_000);
            throw Failures.Of(StatusCode.FailedPrecondition, ErrorReason.UploadIncomplete, "Bytes are missing.");
        });

        await _client.SubmitVideoAsync(StreamOf(_fixture.Bytes, canSeek), Options, cancellationToken: Token);

        Assert.Equal(_fixture.Bytes, Assert.Single(_fixture.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitVideo_LargeMemory_IsUploaded()
    {
        await _client.SubmitVideoAsync(_fixture.Bytes.AsMemory(), Options, cancellationToken: Token);

        Assert.Equal(_fixture.Bytes, Assert.Single(_fixture.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitVideo_ServerTakesOnlySmallerMessages_UploadsTheStream()
    {
        _fixture.Server.Service.Submit.Fail(
            Failures.Of(StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge, "At most 1000 bytes."));
        var bytes = Mp4(5000);

        await _client.SubmitVideoAsync(StreamOf(bytes, canSeek: false), Options, cancellationToken: Token);

        Assert.Equal(bytes, Assert.Single(_fixture.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitVideo_SmallStreamAsUpload_IsUploaded()
    {
        var bytes = Mp4(5000);

        await _client.SubmitVideoAsync(
            StreamOf(bytes, canSeek: true), Options with { Transfer = VideoTransfer.Upload }, cancellationToken: Token);

        Assert.Equal(bytes, Assert.Single(_fixture.Uploads.Videos));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SubmitVideo_LargeStreamAsContent_FailsBeforeItSendsAnything(bool canSeek)
    {
        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => _client.SubmitVideoAsync(
            StreamOf(_fixture.Bytes, canSeek),
            Options with { Transfer = VideoTransfer.Content },
            cancellationToken: Token));

        Assert.Equal(ErrorReason.MessageTooLarge, failure.Reason);
        Assert.EndsWith(
            $"a message can hold {MaxInlineBytes}. A larger video needs an upload.",
            failure.Message,
            StringComparison.Ordinal);
        Assert.Empty(_fixture.Server.Calls);
    }

    [Theory]
    [InlineData(VideoTransfer.Automatic, true)]
    [InlineData(VideoTransfer.Automatic, false)]
    [InlineData(VideoTransfer.Content, true)]
    public async Task SubmitVideo_LargeStreamValidateOnly_SaysWhatCanBeChecked(VideoTransfer transfer, bool canSeek)
    {
        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => _client.SubmitVideoAsync(
            StreamOf(_fixture.Bytes, canSeek),
            Options with { Transfer = transfer, ValidateOnly = true },
            cancellationToken: Token));

        Assert.Equal(ErrorReason.MessageTooLarge, failure.Reason);
        Assert.Contains("a check uploads nothing", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_fixture.Server.Calls);
    }

    [Fact]
    public async Task SubmitVideo_StreamByPath_IsAContradiction() =>
        await Assert.ThrowsAsync<ArgumentException>(() => _client.SubmitVideoAsync(
            Stream.Null, Options with { Transfer = VideoTransfer.Path }, cancellationToken: Token));

    [Fact]
    public async Task SubmitVideo_StreamOverTheSpoolLimit_NamesTheOption()
    {
        await using var client = Connect(maxSpoolBytes: 200_000);

        var failure = await Assert.ThrowsAsync<IOException>(() => client.SubmitVideoAsync(
            StreamOf(_fixture.Bytes, canSeek: false), Options, cancellationToken: Token));

        Assert.Contains("200000 bytes (option Uploads.MaxSpoolBytes)", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_fixture.Server.Calls);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task SubmitVideo_UploadOfAStreamFails_RemovesTheUpload()
    {
        _fixture.Server.Service.Submit.Fail(Failures.QueueFull(TimeSpan.FromSeconds(1)));

        await Assert.ThrowsAsync<ForegSyteException>(() => _client.SubmitVideoAsync(
            StreamOf(_fixture.Bytes, canSeek: true), Options, cancellationToken: Token));

        Assert.Empty(_fixture.Uploads.Open);
    }

    private ForegSyteClient Connect(long? maxSpoolBytes = null)
    {
        var uploads = new UploadOptions { PartBytes = UploadFixture.PartBytes, SpoolFolder = _folder.Path };
        uploads.MaxSpoolBytes = maxSpoolBytes ?? uploads.MaxSpoolBytes;
        return _fixture.Server.Connect(options => options with { MaxInlineBytes = MaxInlineBytes, Uploads = uploads });
    }

    private static byte[] Mp4(int sizeBytes)
    {
        var bytes = RandomNumberGenerator.GetBytes(sizeBytes);
        "\0\0\0\u0018ftypisom"u8.CopyTo(bytes);
        return bytes;
    }

    private static Stream StreamOf(byte[] bytes, bool canSeek) =>
        canSeek
            ? new MemoryStream(bytes)
            : new CryptoStream(new MemoryStream(bytes), new CopyTransform(), CryptoStreamMode.Read);

    private sealed class SynchronousReports(List<UploadProgress> reports) : IProgress<UploadProgress>
    {
        public void Report(UploadProgress value) => reports.Add(value);
    }
}

/// <summary>Copies bytes: its CryptoStream cannot seek and has no length, as a network stream.</summary>
internal sealed class CopyTransform : ICryptoTransform
{
    public bool CanReuseTransform => true;

    public bool CanTransformMultipleBlocks => true;

    public int InputBlockSize => 1;

    public int OutputBlockSize => 1;

    public int TransformBlock(
        byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)
    {
        inputBuffer.AsSpan(inputOffset, inputCount).CopyTo(outputBuffer.AsSpan(outputOffset));
        return inputCount;
    }

    public byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount) =>
        inputBuffer.AsSpan(inputOffset, inputCount).ToArray();

    public void Dispose()
    {
    }
}
