using ForegSyte.Client;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Bad input gets a status code, a reason and a field, and leaves no file or job.</summary>
[Collection(SharedCollection.Name)]
public sealed class BadInputTests(SharedInstallation shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Reaches(ErrorReason.EmptyVideo)]
    [Reaches(ErrorReason.NotAnMp4)]
    [Reaches(ErrorReason.TruncatedMp4)]
    [Reaches(ErrorReason.NoVideoTrack)]
    [Reaches(ErrorReason.EncryptedVideo)]
    public async Task Submit_BadVideos_AreRefusedAndLeaveNothing()
    {
        using var folder = new TemporaryFolder();
        var whole = await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, Token);
        var audio = await File.ReadAllBytesAsync(await Clips.MakeAudioOnlyAsync(folder.File("audio.mp4")), Token);
        var encrypted = await File.ReadAllBytesAsync(
            Path.Combine(RepositoryFiles.Root, "tests", "Media.Tests", "cases", "c46_cenc.mp4"), Token);
        (byte[] Content, ErrorReason Reason)[] cases =
        [
            ([], ErrorReason.EmptyVideo),
            ("This text says ftyp but is no MP4."u8.ToArray(), ErrorReason.NotAnMp4),
            (whole[..(whole.Length / 2)], ErrorReason.TruncatedMp4),
            (whole[..20], ErrorReason.TruncatedMp4),
            (audio, ErrorReason.NoVideoTrack),
            (encrypted, ErrorReason.EncryptedVideo),
        ];

        await AssertLeavesNothingAsync(async client =>
        {
            foreach (var (content, reason) in cases)
            {
                await AssertRefusedAsync(
                    client,
                    new SubmitVideoRequest { Content = ByteString.CopyFrom(content), PipelineId = "yolo_ocr" },
                    StatusCode.InvalidArgument, reason, "content");
            }
        });
    }

    [Fact]
    [Reaches(ErrorReason.MissingField)]
    [Reaches(ErrorReason.InvalidField)]
    [Reaches(ErrorReason.UnknownPipeline)]
    [Reaches(ErrorReason.UnsupportedUri)]
    [Reaches(ErrorReason.SourceNotAllowed)]
    [Reaches(ErrorReason.SourceNotFound)]
    public async Task Submit_BadFields_AreNamed()
    {
        var video = ByteString.CopyFrom(await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, Token));
        (SubmitVideoRequest Request, ErrorReason Reason, string Field)[] cases =
        [
            (new() { PipelineId = "yolo_ocr" }, ErrorReason.MissingField, "source"),
            (new() { Content = video }, ErrorReason.MissingField, "pipeline_id"),
            (new() { Content = video, PipelineId = "nope" }, ErrorReason.UnknownPipeline, "pipeline_id"),
            (With(new JobOptions { FrameStride = -1 }), ErrorReason.InvalidField, "options.frame_stride"),
            (With(new JobOptions { FrameStride = 1_000_001 }), ErrorReason.InvalidField, "options.frame_stride"),
            (With(new JobOptions { MaxFrames = -1 }), ErrorReason.InvalidField, "options.max_frames"),
            (
                new() { Content = video, PipelineId = "yolo_ocr", RequestId = "1" },
                ErrorReason.InvalidField, "request_id"),
            (
                new() { Content = video, PipelineId = "yolo_ocr", DisplayName = "a\nb" },
                ErrorReason.InvalidField, "display_name"),
            (FromUri("ftp://x/y.mp4"), ErrorReason.UnsupportedUri, "uri"),
            (FromUri("relative.mp4"), ErrorReason.UnsupportedUri, "uri"),
            (FromUri("/etc/passwd"), ErrorReason.UnsupportedUri, "uri"),
            (FromUri("file:///etc/passwd"), ErrorReason.SourceNotAllowed, "uri"),
            (FromUri("file:///etc/no-such-file"), ErrorReason.SourceNotAllowed, "uri"),
            (FromUri($"file://{shared.Services.Inbox}/../data/foregsyte.duckdb"), ErrorReason.SourceNotAllowed, "uri"),
            (
                FromUri($"file://{shared.Services.Inbox}/%2e%2e/data/foregsyte.duckdb"),
                ErrorReason.SourceNotAllowed, "uri"),
        ];

        await AssertLeavesNothingAsync(async client =>
        {
            foreach (var (request, reason, field) in cases)
            {
                await AssertRefusedAsync(client, request, StatusCode.InvalidArgument, reason, field);
            }

            await AssertRefusedAsync(
                client, FromUri($"file://{shared.Services.Inbox}/missing.mp4"),
                StatusCode.NotFound, ErrorReason.SourceNotFound, "uri");
        });

        SubmitVideoRequest With(JobOptions options) =>
            new() { Content = video, PipelineId = "yolo_ocr", Options = options };
        SubmitVideoRequest FromUri(string uri) => new() { Uri = uri, PipelineId = "yolo_ocr" };
    }

    [Fact]
    public async Task Submit_LinkOutOfTheRoot_IsRefused()
    {
        var link = Path.Combine(shared.Services.Inbox, "link.mp4");
        File.CreateSymbolicLink(link, RepositoryFiles.Pedestrians);
        await AssertLeavesNothingAsync(client => AssertRefusedAsync(
            client, new SubmitVideoRequest { Uri = $"file://{link}", PipelineId = "yolo_ocr" },
            StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed, "uri"));
    }

    [Theory]
    [Reaches(ErrorReason.MessageTooLarge)]
    [InlineData(33)]
    [InlineData(200)]
    public async Task Submit_ContentOverTheLimit_NamesTheOtherWay(int mebibytes)
    {
        await AssertLeavesNothingAsync(async client =>
        {
            var content = UnsafeByteOperations.UnsafeWrap(new byte[mebibytes << 20]);
            var request = new SubmitVideoRequest { Content = content, PipelineId = "yolo_ocr" };
            var refused = await Assert.ThrowsAsync<RpcException>(
                async () => await client.SubmitVideoAsync(request, cancellationToken: Token));
            Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
            Assert.Equal("MESSAGE_TOO_LARGE", InfoOf(refused).Reason);
            Assert.Contains("Submit:AllowedRoots", refused.Status.Detail, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Reads_UnknownOrInvalidIds_AreRefused()
    {
        await using var client = shared.Services.Client();
        var unknown = Guid.NewGuid().ToString();
        await AssertReasonAsync(ErrorReason.InvalidField, () => client.GetJobAsync("7", cancellationToken: Token));
        await AssertReasonAsync(ErrorReason.MissingField, () => client.GetJobAsync("", cancellationToken: Token));
        await AssertReasonAsync(ErrorReason.JobNotFound, () => client.GetJobAsync(unknown, cancellationToken: Token));
        await AssertReasonAsync(ErrorReason.JobNotFound, () => client.WaitJobAsync(unknown, cancellationToken: Token));
        await AssertReasonAsync(
            ErrorReason.JobNotFound, () => client.GetResultsPageAsync(unknown, cancellationToken: Token));
        await AssertReasonAsync(
            ErrorReason.InvalidFilter,
            async () => await client.ListJobsAsync("statu = 1", 0, cancellationToken: Token).ToListAsync(Token));
        await AssertReasonAsync(
            ErrorReason.InvalidField,
            async () => await client.ListJobsAsync(null, -1, cancellationToken: Token).ToListAsync(Token));
    }

    [Fact]
    [Reaches(ErrorReason.InvalidPageToken)]
    public async Task PageTokens_OfAnotherQuery_AreRefused()
    {
        await using var client = shared.Services.Client();
        var options = new SubmitOptions { PipelineId = "detect_only", MaxFrames = 3 };
        var first = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, options, cancellationToken: Token);
        var second = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, options, cancellationToken: Token);
        await client.WaitForCompletionAsync(first.JobId, cancellationToken: Token);
        await client.WaitForCompletionAsync(second.JobId, cancellationToken: Token);
        var page = await client.GetResultsPageAsync(first.JobId, pageBytes: 1, cancellationToken: Token);
        await AssertReasonAsync(
            ErrorReason.InvalidPageToken,
            () => client.GetResultsPageAsync(second.JobId, page.NextPageToken, cancellationToken: Token));

        var jobs = new V1.JobService.JobServiceClient(GrpcChannel.ForAddress(shared.Services.JobAddress));
        var list = await jobs.ListJobsAsync(new ListJobsRequest { PageSize = 1 }, cancellationToken: Token);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await jobs.ListJobsAsync(
            new ListJobsRequest { PageToken = list.NextPageToken, Filter = "status = FAILED" },
            cancellationToken: Token));
        Assert.Equal("INVALID_PAGE_TOKEN", InfoOf(refused).Reason);
    }

    [Fact]
    [Reaches(ErrorReason.UndecodableVideo)]
    public async Task Results_OfAFailedJob_AreNotReady()
    {
        // The header and the sample tables are intact, so the submission succeeds; the frame data is noise.
        var broken = await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, Token);
        new Random(1).NextBytes(DataOf(broken));
        await using var client = shared.Services.Client();
        var job = await client.SubmitVideoAsync(
            broken, new SubmitOptions { PipelineId = "detect_only" }, cancellationToken: Token);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);
        Assert.Equal(JobStatus.Failed, job.Status);
        Refusal.ReadFrom(job);
        Assert.Equal(ErrorReason.UndecodableVideo, ErrorStatus.ReasonOf(job.Error));
        Assert.NotEmpty(job.ErrorMessage);
        await AssertReasonAsync(
            ErrorReason.ResultsNotReady, () => client.GetResultsPageAsync(job.JobId, cancellationToken: Token));
    }

    private static Span<byte> DataOf(byte[] video)
    {
        for (var offset = 0; offset < video.Length;)
        {
            var size = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(video.AsSpan(offset));
            if (video.AsSpan(offset + 4, 4).SequenceEqual("mdat"u8))
            {
                return video.AsSpan(offset + 8, size - 8);
            }

            offset += size;
        }

        throw new InvalidOperationException("The clip has no mdat box.");
    }

    private static async Task AssertReasonAsync(ErrorReason reason, Func<Task> call) =>
        Assert.Equal(reason, (await Assert.ThrowsAsync<ForegSyteException>(call)).Reason);

    private static async Task AssertRefusedAsync(
        V1.JobService.JobServiceClient client,
        SubmitVideoRequest request,
        StatusCode code,
        ErrorReason reason,
        string field)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(
            async () => await client.SubmitVideoAsync(request, cancellationToken: Token));
        var info = InfoOf(refused);
        Assert.Equal(
            (code, reason.ToString()),
            (refused.StatusCode, Enum.GetName(ErrorReasons.Parse(info.Reason))));
        Assert.Equal(ErrorReasons.Domain, info.Domain);
        Assert.Equal(field, refused.GetRpcStatus()!.GetDetail<Google.Rpc.BadRequest>()!.FieldViolations.Single().Field);
    }

    private static Google.Rpc.ErrorInfo InfoOf(RpcException refused) =>
        Refusal.Read(refused).Info;

    private async Task AssertLeavesNothingAsync(Func<V1.JobService.JobServiceClient, Task> act)
    {
        using var channel = GrpcChannel.ForAddress(
            shared.Services.JobAddress, new GrpcChannelOptions { MaxSendMessageSize = null });
        var client = new V1.JobService.JobServiceClient(channel);
        await WaitUntilNothingRunsAsync(client);
        var filesBefore = Directory.GetFiles(shared.Services.Storage);
        var jobsBefore = await CountJobsAsync(client);
        await act(client);

        // The sweep may still delete segments of earlier jobs, so only new files count.
        Assert.Empty(Directory.GetFiles(shared.Services.Storage).Except(filesBefore));
        Assert.Equal(jobsBefore, await CountJobsAsync(client));
    }

    /// <summary>Waits for the jobs of other tests, which write files.</summary>
    private static async Task WaitUntilNothingRunsAsync(V1.JobService.JobServiceClient client)
    {
        var jobs = await client.ListJobsAsync(
            new ListJobsRequest { PageSize = 1000, Filter = "status = PENDING OR status = RUNNING" },
            cancellationToken: Token);
        foreach (var unfinished in jobs.Jobs)
        {
            var job = unfinished;
            while (job.Status is JobStatus.Pending or JobStatus.Running)
            {
                job = (await client.WaitJobAsync(
                    new WaitJobRequest { JobId = job.JobId, Etag = job.Etag }, cancellationToken: Token)).Job;
            }
        }
    }

    private static async Task<int> CountJobsAsync(V1.JobService.JobServiceClient client) =>
        (await client.ListJobsAsync(new ListJobsRequest { PageSize = 1000 }, cancellationToken: Token)).Jobs.Count;
}
