using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>A job keeps the warnings that its submission found, whichever way the video came.</summary>
public sealed class SubmissionWarningTests
{
    private const string LineEnd = "\r\n";

    private static readonly ByteString Video =
        ByteString.CopyFrom([.. RunningJobService.Video.Span, .. ByteString.CopyFromUtf8(LineEnd).Span]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("content")]
    [InlineData("uri")]
    [InlineData("upload_id")]
    [InlineData("source_job_id")]
    public async Task SubmitVideo_TrailingBytes_AreAWarningOfTheJobToItsEnd(string source)
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningJobService.StartAsync(
            new ScriptedInference(), ("Submit:AllowedRoots:0", folder.Path));
        var request = await RequestAsync(service, source, folder);
        request.ValidateOnly = source != "upload_id";
        var preview = await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation);
        request.ValidateOnly = false;

        var submitted = source == "upload_id"
            ? preview.Job
            : (await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;
        var completed = await service.GetWhenAsync(submitted.JobId, job => job.Status == JobStatus.Completed);

        foreach (var job in new[] { preview.Job, submitted, completed })
        {
            var warning = Assert.Single(job.Warnings);
            Assert.Equal(
                (WarningReason.TrailingBytes, (long)LineEnd.Length), (warning.Reason, warning.Count));
            Assert.StartsWith("2 bytes", warning.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SubmitVideo_CompleteFile_HasNoWarning()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());

        Assert.Empty((await service.SubmitAsync()).Warnings);
    }

    private static async Task<SubmitVideoRequest> RequestAsync(
        RunningJobService service, string source, TemporaryFolder folder)
    {
        var request = new SubmitVideoRequest { PipelineId = "detect_only" };
        switch (source)
        {
            case "content":
                request.Content = Video;
                break;
            case "uri":
                await File.WriteAllBytesAsync(folder.File("a.mp4"), Video.ToByteArray(), Cancellation);
                request.Uri = $"file://{folder.File("a.mp4")}";
                break;
            case "upload_id":
                var upload = (await service.Uploads.CreateUploadAsync(
                    new CreateUploadRequest { SizeBytes = Video.Length }, cancellationToken: Cancellation)).Upload;
                await service.Uploads.UploadPartAsync(
                    new UploadPartRequest
                    {
                        UploadId = upload.UploadId,
                        Data = Video,
                        Crc32C = Crc32C.Of(Video.Span),
                    },
                    cancellationToken: Cancellation);
                request.UploadId = upload.UploadId;
                break;
            default:
                var first = await service.Client.SubmitVideoAsync(
                    new SubmitVideoRequest { PipelineId = "detect_only", Content = Video },
                    cancellationToken: Cancellation);
                request.SourceJobId = first.Job.JobId;
                break;
        }

        return request;
    }
}
