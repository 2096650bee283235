using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Inference;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Jobs.Tests.Inference;

public sealed class InferenceFailuresTests
{
    private static readonly CallLimits Limits =
        CallLimits.OfSegment(new InferenceOptions { SegmentTimeout = TimeSpan.FromSeconds(90) });

    [Fact]
    public void From_AStatusWithErrorInfo_KeepsReasonMessageMetadataAndRetryDelay()
    {
        var busy = new ServiceException(ErrorReason.InferenceBusy, "Too many segments run.")
        {
            Metadata = new Dictionary<string, string> { ["limit"] = "2" },
            RetryAfter = TimeSpan.FromMilliseconds(250),
        };
        var failed = InferenceFailures.From(RichStatus.From(busy).ToRpcException(), Limits);
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
    [InlineData(StatusCode.Unimplemented, ErrorReason.InferenceUnavailable)]
    [InlineData(StatusCode.Unknown, ErrorReason.Internal)]
    public void From_AStatusWithoutDetails_HasTheReasonOfItsCode(StatusCode code, ErrorReason reason)
    {
        var failed = InferenceFailures.From(new RpcException(new Status(code, "no details")), Limits);
        Assert.Equal(reason, failed.Failure.Reason);
    }

    [Theory]
    [InlineData(StatusCode.DeadlineExceeded, "Inference:SegmentTimeout", "1m 30s")]
    [InlineData(StatusCode.ResourceExhausted, "Inference:MaxResponseBytes", "67108864")]
    public void From_ACallThatReachedALimit_NamesTheOptionAndItsValue(StatusCode code, string option, string limit)
    {
        var failure = InferenceFailures.From(new RpcException(new Status(code, "no details")), Limits).Failure;
        Assert.Equal((option, limit), (failure.Metadata["option"], failure.Metadata["limit"]));
        Assert.Contains($"(option {option})", failure.Message, StringComparison.Ordinal);
    }
}
