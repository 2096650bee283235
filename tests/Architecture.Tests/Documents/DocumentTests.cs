using System.ComponentModel.DataAnnotations;
using System.Reflection;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>The generated documents are up to date and complete.</summary>
public sealed class DocumentTests
{
    private static readonly string[] Assemblies =
        ["ForegSyte.Hosting", "ForegSyte.JobService", "ForegSyte.InferenceService"];

    /// <summary>
    /// Options with a range that are not limits, such as ports and intervals. All others are published.
    /// </summary>
    private static readonly string[] Settings =
    [
        "DatabaseOptions.IdleCheckpointDelay", "DeviceOptions.DeviceIndex", "DispatchOptions.FaultDelay",
        "DispatchOptions.ServingPatience", "FaultOptions.CrashAtPassing", "InferenceOptions.HealthInterval",
        "InferenceOptions.ResolveInterval", "InferenceOptions.UnreadableRetryDelay", "LeaseOptions.HeartbeatInterval",
        "LeaseOptions.RescueInterval", "ListenerOptions.HealthPort",
        "ListenerOptions.HttpPort", "ListenerOptions.Port", "LiveTracksOptions.MaxIdleTime",
        "LiveTracksOptions.MaxLiveJobs", "NodeOptions.ForgetAfter", "NodeOptions.HeartbeatInterval",
        "NodeOptions.LostAfter", "PostgresOptions.CommandTimeout", "PostgresOptions.ConnectTimeout",
        "PostgresOptions.PollInterval", "PostgresOptions.WriterExpiry", "QueueOptions.AgeingStep",
        "RemoteVideoOptions.FetchRetryDelay", "RetentionOptions.Interval", "RetentionOptions.OrphanAge",
        "RetentionOptions.SweepInterval",
        "RetryOptions.FirstDelay", "S3StorageOptions.AbandonedAge", "S3StorageOptions.MultipartThreshold",
        "S3StorageOptions.ParallelParts", "S3StorageOptions.PartSize", "S3StorageOptions.UnusedVideoAge",
        "SearchOptions.Interval", "SearchOptions.RetryDelay",
        "SecurityOptions.FilePollInterval", "SourcesOptions.ResumeDelay",
        "StageOptions.TextChangeThreshold", "StageOptions.TextLinesPerBatch", "StageOptions.TextLinesPerRun",
        "TelemetryOptions.PrometheusPort",
        "VideoOptions.HardwareDeviceIndex", "VideoOptions.Niceness", "VideoOptions.SelfTestInterval",
        "WebhookOptions.ConnectTimeout", "WebhookOptions.FirstDelay", "WebhookOptions.MaxHeaderKibibytes",
        "WebhookOptions.PollInterval",
    ];

    [Fact]
    public void Errors_AreUpToDate() =>
        GeneratedDocument.Check("errors.md", ErrorsDocument.Make(ReachedReasons.Read()));

    [Fact]
    public void Limits_AreUpToDate() => GeneratedDocument.Check("limits.md", LimitsDocument.Make());

    [Fact]
    public void Errors_EachReason_IsReachedByATest()
    {
        var tests = ReachedReasons.Read();
        Assert.All(ErrorReasonTable.All, entry => Assert.NotEmpty(tests[entry.Reason]));
    }

    [Fact]
    public void ReachedReasons_SampleClass_AreRead() => Assert.Equal(
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

    /// <summary>Every limit is published.</summary>
    [Fact]
    public void Limits_EveryOptionWithARange_IsPublishedUnlessItIsNoLimit() => Assert.Equal(
        Settings,
        from assembly in Assemblies
        from type in Assembly.Load(assembly).GetTypes()
        where type.GetField("Section") is not null
        from property in type.GetProperties()
        where property.IsDefined(typeof(RangeAttribute)) || property.IsDefined(typeof(TimeRangeAttribute))
        where !property.IsDefined(typeof(LimitAttribute))
        let name = $"{type.Name}.{property.Name}"
        orderby name
        select name);

    [Fact]
    public void Limits_HaveUniqueNames() => Findings.AssertNone(
        [.. Assemblies.Skip(1).SelectMany(service =>
            LimitsDocument.LimitsOf(Assembly.Load("ForegSyte.Hosting"))
                .Concat(LimitsDocument.LimitsOf(Assembly.Load(service)))
                .GroupBy(limit => limit.Name)
                .Where(group => group.Count() > 1)
                .Select(group => $"{service}: {group.Key} occurs twice."))]);
}
