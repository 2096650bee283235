using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Protocol.Tests.Errors;

/// <summary>The table of reasons agrees with errors.proto.</summary>
public sealed class ErrorReasonTableTests
{
    [Fact]
    public void Codes_AreThosePublishedInTheProto()
    {
        var published = PublishedReasons.Parse(PublishedReasons.ReadFile());
        Assert.Equal(
            Enum.GetValues<ErrorReason>().Select(reason => (int)reason), published.Select(value => value.Number));
        Assert.Empty(PublishedReasons.Disagreements(published));
    }

    [Fact]
    public void Disagreements_WrongComments_AreFound() => Assert.Equal(
        [
            "JOB_NOT_FOUND is published with DATA_LOSS but has NotFound.",
            "The comment of LEASE_LOST does not start with a status code.",
            "The comment of CANCELLED does not start with a status code.",
        ],
        PublishedReasons.Disagreements(PublishedReasons.Parse(
            """
            enum ErrorReason {
              // Never used.
              ERROR_REASON_UNSPECIFIED = 0;
              // DATA_LOSS. The job does not exist,
              // NOT_FOUND. on a second line.
              ERROR_REASON_JOB_NOT_FOUND = 18;
              // Another dispatcher has the job.
              ERROR_REASON_LEASE_LOST = 30;
              // CANCELED. Not the spelling of gRPC.
              ERROR_REASON_CANCELLED = 31;
              // INTERNAL. Correct.
              ERROR_REASON_INTERNAL = 32;
            }

            """)));

    [Fact]
    public void Of_Unspecified_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ErrorReasonTable.Of(ErrorReason.Unspecified));

    [Fact]
    public void ToText_IsTheNameInTheProto() => Assert.Equal(
        PublishedReasons.Parse(PublishedReasons.ReadFile()).Select(value => (value.Number, value.Name)),
        Enum.GetValues<ErrorReason>().Select(reason => ((int)reason, reason.ToText())));
}
