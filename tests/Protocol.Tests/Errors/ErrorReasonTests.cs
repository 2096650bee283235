using System.Text.RegularExpressions;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Protocol.Tests.Errors;

/// <summary>What is published of the reasons is what callers get.</summary>
public sealed partial class ErrorReasonTests
{
    private const int MaxNameLength = 63;

    private static readonly IReadOnlyList<ErrorReason> Reasons =
        [.. Enum.GetValues<ErrorReason>().Where(reason => reason != ErrorReason.Unspecified)];

    [Fact]
    public void StatusCodes_AreThoseThatTheProtoPublishes()
    {
        var published = PublishedReasons.Parse(PublishedReasons.ReadFile());
        Assert.Equal(
            Enum.GetValues<ErrorReason>().Select(reason => (int)reason), published.Select(value => value.Number));
        Assert.Empty(PublishedReasons.Disagreements(published));
    }

    [Fact]
    public void Disagreements_PlantedComments_AreFound() => Assert.Equal(
        [
            "JOB_NOT_FOUND is published with DATA_LOSS and answered with NotFound.",
            "The comment of LEASE_LOST does not begin with a status code.",
            "The comment of CANCELLED does not begin with a status code.",
        ],
        PublishedReasons.Disagreements(PublishedReasons.Parse(
            """
            enum ErrorReason {
              // Never used.
              ERROR_REASON_UNSPECIFIED = 0;
              // DATA_LOSS. There is no such job,
              // NOT_FOUND. or so it seems.
              ERROR_REASON_JOB_NOT_FOUND = 18;
              // Another dispatcher took the job over.
              ERROR_REASON_LEASE_LOST = 30;
              // CANCELED. A status code that gRPC spells otherwise.
              ERROR_REASON_CANCELLED = 31;
              // INTERNAL. This one is right.
              ERROR_REASON_INTERNAL = 32;
            }

            """)));

    [Fact]
    public void StatusCodes_OfNoReason_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ErrorReasonTable.Of(ErrorReason.Unspecified));

    [Fact]
    public void Names_FollowAip193() => Assert.All(Reasons, reason =>
    {
        Assert.Matches(ReasonName(), reason.ToText());
        Assert.InRange(reason.ToText().Length, 1, MaxNameLength);
    });

    [Fact]
    public void Parse_OfToText_IsTheReason() =>
        Assert.All(Enum.GetValues<ErrorReason>(), reason => Assert.Equal(reason, ErrorReasons.Parse(reason.ToText())));

    [Fact]
    public void ToText_IsTheNameInTheProto() => Assert.Equal(
        PublishedReasons.Parse(PublishedReasons.ReadFile()).Select(value => (value.Number, value.Name)),
        Enum.GetValues<ErrorReason>().Select(reason => ((int)reason, reason.ToText())));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("job_not_found")]
    [InlineData("ERROR_REASON_JOB_NOT_FOUND")]
    [InlineData("OF_A_NEWER_VERSION")]
    public void Parse_AnythingElse_IsUnspecified(string? text) =>
        Assert.Equal(ErrorReason.Unspecified, ErrorReasons.Parse(text));

    [GeneratedRegex(@"\A[A-Z][A-Z0-9_]+[A-Z0-9]\z")]
    private static partial Regex ReasonName();
}
