using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>The documents that are made from the code are up to date and complete.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] Assemblies =
        ["ForegSyte.Hosting", "ForegSyte.JobService", "ForegSyte.InferenceService"];

    /// <summary>
    /// Reasons of parts that are not there yet. A reason leaves this list when a test has its [Reaches]; the list is
    /// held to be exact.
    /// </summary>
    private static readonly ErrorReason[] Pending =
    [
        ErrorReason.UploadNotFound, ErrorReason.UploadIncomplete, ErrorReason.UploadContentMismatch,
        ErrorReason.PartChecksumMismatch, ErrorReason.TooManyUploads, ErrorReason.UploadBusy,
        ErrorReason.Unauthenticated, ErrorReason.PermissionDenied, ErrorReason.RateLimited,
        ErrorReason.TenantQuotaExceeded, ErrorReason.SourceUnavailable,
    ];

    [Fact]
    public void Errors_AreWhatTheCodeMakes() =>
        MadeDocument.Check("errors.md", ErrorsDocument.Make(ReachedReasons.Read()));

    [Fact]
    public void Limits_AreWhatTheCodeMakes() => MadeDocument.Check("limits.md", LimitsDocument.Make());

    [Fact]
    public void Errors_EachReason_IsReachedByATest()
    {
        var tests = ReachedReasons.Read();
        Assert.Equal(
            Pending, ErrorReasonTable.All.Select(entry => entry.Reason).Where(reason => !tests[reason].Any()));
    }

    [Fact]
    public void ReachedReasons_PlantedClass_AreRead() => Assert.Equal(
        [
            (ErrorReason.JobNotFound, "SomeTests.Get_None_IsRefused"),
            (ErrorReason.InvalidField, "SomeTests.Get_Other_IsRefused"),
            (ErrorReason.MissingField, "SomeTests.Get_Other_IsRefused"),
        ],
        ReachedReasons.Parse(
            "SomeTests",
            """
                [Fact]
                [Reaches(ErrorReason.JobNotFound)]
                public async Task Get_None_IsRefused()

                [Fact]
                public async Task Get_Some_IsAnswered()

                [Reaches(ErrorReason.InvalidField)]
                [Theory]
                [Reaches(ErrorReason.MissingField)]
                [InlineData(1)]
                public async Task Get_Other_IsRefused(int value)
            """));

    /// <summary>
    /// An option that is named like a limit and is not published would be a limit that nobody knows of.
    /// </summary>
    [Fact]
    public void Limits_EveryOptionNamedLikeOne_IsPublished() => Findings.AssertNone(
        [.. from assembly in Assemblies
            from type in Assembly.Load(assembly).GetTypes()
            where type.GetField("Section") is not null
            from property in type.GetProperties()
            where property.IsDefined(typeof(RangeAttribute)) || property.IsDefined(typeof(TimeRangeAttribute))
            where LimitName().IsMatch(property.Name) && !property.IsDefined(typeof(LimitAttribute))
            select $"{type.Name}.{property.Name} is named like a limit and has no [Limit]."]);

    [Fact]
    public void Limits_AreNamedOnce() => Findings.AssertNone(
        [.. Assemblies.Skip(1).SelectMany(service =>
            LimitsDocument.LimitsOf(Assembly.Load("ForegSyte.Hosting"))
                .Concat(LimitsDocument.LimitsOf(Assembly.Load(service)))
                .GroupBy(limit => limit.Name)
                .Where(group => group.Count() > 1)
                .Select(group => $"{service}: {group.Key} is named twice."))]);

    [GeneratedRegex("^Max|Limit|Timeout$|Capacity$|^Min.*Bytes$")]
    private static partial Regex LimitName();
}
