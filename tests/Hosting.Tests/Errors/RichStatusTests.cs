using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace ForegSyte.Hosting.Tests.Errors;

/// <summary>Every failure becomes a machine-readable google.rpc.Status (AIP-193).</summary>
public sealed class RichStatusTests
{
    public static TheoryData<ErrorReason> Reasons =>
        [.. System.Enum.GetValues<ErrorReason>().Where(reason => reason != ErrorReason.Unspecified)];

    [Theory]
    [MemberData(nameof(Reasons))]
    public void From_AnyReason_CarriesErrorInfo(ErrorReason reason)
    {
        var status = RichStatus.From(new ServiceException(reason, "What is wrong.")
        {
            Metadata = new Dictionary<string, string> { ["jobId"] = "7" },
        });

        Assert.Equal((int)ErrorReasonTable.Of(reason).Code, status.Code);
        Assert.Equal("What is wrong.", status.Message);
        var info = Assert.Single(status.Details).Unpack<ErrorInfo>();
        Assert.Equal("foregsyte.dev", info.Domain);
        Assert.Equal(reason, ErrorReasons.Parse(info.Reason));
        Assert.Equal(new Dictionary<string, string> { ["jobId"] = "7" }, info.Metadata);
    }

    [Fact]
    public void From_WrongField_CarriesBadRequest()
    {
        var status = RichStatus.From(
            ServiceException.InvalidField("options.frame_stride", "It must be 1 or more.", -1));

        Assert.Equal([ErrorInfo.Descriptor.FullName, BadRequest.Descriptor.FullName], TypesOf(status));
        var violation = Assert.Single(status.Details[1].Unpack<BadRequest>().FieldViolations);
        Assert.Equal(
            ("options.frame_stride", "It must be 1 or more.", "INVALID_FIELD"),
            (violation.Field, violation.Description, violation.Reason));
        var metadata = status.Details[0].Unpack<ErrorInfo>().Metadata;
        Assert.Equal(("options.frame_stride", "-1"), (metadata["field"], metadata["value"]));
    }

    [Fact]
    public void From_TextWithControlCharacters_EscapesThem()
    {
        var status = RichStatus.From(
            ServiceException.InvalidField("tags.\u001b", "The key \"a\0\n\" is wrong.", "a\0\n"));

        Assert.Equal("The key \"a\\u0000\\u000a\" is wrong.", status.Message);
        var violation = Assert.Single(status.Details[1].Unpack<BadRequest>().FieldViolations);
        Assert.Equal(("tags.\\u001b", status.Message), (violation.Field, violation.Description));
        var metadata = status.Details[0].Unpack<ErrorInfo>().Metadata;
        Assert.Equal(("tags.\\u001b", "a\\u0000\\u000a"), (metadata["field"], metadata["value"]));
    }

    [Fact]
    public void From_MissingResource_CarriesResourceInfo()
    {
        var status = RichStatus.From(
            new ServiceException(ErrorReason.JobNotFound, "The job does not exist.") { Resource = ("job", "7") });

        Assert.Equal([ErrorInfo.Descriptor.FullName, ResourceInfo.Descriptor.FullName], TypesOf(status));
        var resource = status.Details[1].Unpack<ResourceInfo>();
        Assert.Equal(("job", "7"), (resource.ResourceType, resource.ResourceName));
    }

    [Fact]
    public void From_RetryableFailure_CarriesRetryInfo()
    {
        var delay = TimeSpan.FromMilliseconds(1500);
        var status = RichStatus.From(
            new ServiceException(ErrorReason.InferenceBusy, "Retry later.") { RetryAfter = delay });

        Assert.Equal([ErrorInfo.Descriptor.FullName, RetryInfo.Descriptor.FullName], TypesOf(status));
        Assert.Equal(delay.ToDuration(), status.Details[1].Unpack<RetryInfo>().RetryDelay);
    }

    private static IEnumerable<string> TypesOf(Google.Rpc.Status status) =>
        status.Details.Select(detail => Any.GetTypeName(detail.TypeUrl));
}
