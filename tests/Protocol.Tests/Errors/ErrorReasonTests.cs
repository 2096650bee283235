using System.Text.RegularExpressions;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Protocol.Tests.Errors;

/// <summary>Names of reasons on the wire.</summary>
public sealed partial class ErrorReasonTests
{
    private const int MaxNameLength = 63;

    private static readonly IReadOnlyList<ErrorReason> Reasons =
        [.. Enum.GetValues<ErrorReason>().Where(reason => reason != ErrorReason.Unspecified)];

    [Fact]
    public void Names_FollowAip193() => Assert.All(Reasons, reason =>
    {
        Assert.Matches(ReasonName(), reason.ToText());
        Assert.InRange(reason.ToText().Length, 1, MaxNameLength);
    });

    [Fact]
    public void Parse_OfToText_IsTheReason() =>
        Assert.All(Enum.GetValues<ErrorReason>(), reason => Assert.Equal(reason, ErrorReasons.Parse(reason.ToText())));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("job_not_found")]
    [InlineData("ERROR_REASON_JOB_NOT_FOUND")]
    [InlineData("OF_A_NEWER_VERSION")]
    public void Parse_OtherText_IsUnspecified(string? text) =>
        Assert.Equal(ErrorReason.Unspecified, ErrorReasons.Parse(text));

    [GeneratedRegex(@"\A[A-Z][A-Z0-9_]+[A-Z0-9]\z")]
    private static partial Regex ReasonName();
}
