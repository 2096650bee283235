using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Regression tests: requests found by fuzzing that once caused internal errors.</summary>
public sealed class FoundInputTests
{
    [Theory]
    [InlineData("file:///tmp/clip.mp4")]
    [InlineData("")]
    [InlineData("3f2b8c1e-5a44-4b6f-9c70-0d1e2f3a4b5c")]
    public async Task SubmitVideo_InvalidUploadId_IsRefused(string uploadId)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());

        var (code, info, _) = await RunningJobService.FailureOfAsync(service.Client.SubmitVideoAsync(
            new SubmitVideoRequest { PipelineId = "detect_only", UploadId = uploadId },
            cancellationToken: TestContext.Current.CancellationToken));

        Assert.Contains(code, (StatusCode[])[StatusCode.InvalidArgument, StatusCode.NotFound]);
        Assert.Contains(
            ErrorReasons.Parse(info.Reason),
            (ErrorReason[])[ErrorReason.MissingField, ErrorReason.InvalidField, ErrorReason.UploadNotFound]);
    }
}
