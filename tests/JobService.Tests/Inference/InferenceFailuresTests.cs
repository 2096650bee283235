using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Inference;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Jobs.Tests.Inference;

public sealed class InferenceFailuresTests
{
    [Fact]
    public void From_AStatusWithErrorInfo_KeepsReasonMessageMetadataAndRetryDelay()
    {
        var busy = new ServiceException(ErrorReason.InferenceBusy, "Too many segments run.")
        {
            Metadata = new Dictionary<string, string> { ["limit"] = "2" },
            RetryAfter = TimeSpan.FromMilliseconds(250),
        };
        var failed = InferenceFailures.From(RichStatus.From(busy).ToRpcException());
        Assert.Equal(ErrorReason.InferenceBusy, failed.Failure.Reason);
        Assert.Equal("Too many segments run.", failed.Failure.Message);
        Assert.Equal("2", failed.Failure.Metadata["limit"]);
        Assert.Equal(TimeSpan.FromMilliseconds(250), failed.RetryAfter);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, ErrorReason.InferenceUnavailable)]
    [InlineData(StatusCode.Cancelled, ErrorReason.InferenceUnavailable)]
    [InlineData(StatusCode.DeadlineExceeded, ErrorReason.DeadlineExceeded)]
    [InlineData(StatusCode.ResourceExhausted, ErrorReason.ResultsTooLarge)]
    [InlineData(StatusCode.Unknown, ErrorReason.Internal)]
    public void From_AStatusWithoutDetails_HasTheReasonOfItsCode(StatusCode code, ErrorReason reason)
    {
        var failed = InferenceFailures.From(new RpcException(new Status(code, "no details")));
        Assert.Equal(reason, failed.Failure.Reason);
    }
}
