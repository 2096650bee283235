using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>
/// An error as a caller gets it: decoded from the trailers, and held to what is published of errors (AIP-193) whatever
/// the test is about.
/// </summary>
/// <param name="Reason">Its reason.</param>
/// <param name="Info">The one ErrorInfo.</param>
/// <param name="Status">The whole status.</param>
public sealed partial record Refusal(ErrorReason Reason, ErrorInfo Info, Google.Rpc.Status Status)
{
    private const string TrailerName = "grpc-status-details-bin";

    /// <summary>Reasons of passing failures: the caller is told when to come back.</summary>
    private static readonly ErrorReason[] WithRetryInfo =
    [
        ErrorReason.QueueFull, ErrorReason.InferenceBusy, ErrorReason.TooManyCalls, ErrorReason.RateLimited,
        ErrorReason.ShuttingDown, ErrorReason.UploadBusy,
    ];

    private static readonly ErrorReason[] WithResourceInfo =
    [
        ErrorReason.JobNotFound, ErrorReason.UploadNotFound, ErrorReason.UploadIncomplete,
        ErrorReason.UploadContentMismatch, ErrorReason.UploadBusy,
    ];

    private static readonly ErrorReason[] WithQuotaFailure = [ErrorReason.RateLimited, ErrorReason.TenantQuotaExceeded];

    /// <summary>Reasons of bad arguments that no field of the request has.</summary>
    private static readonly ErrorReason[] WithoutField = [ErrorReason.MalformedRequest];

    private static readonly MessageDescriptor[] Details =
    [
        ErrorInfo.Descriptor, BadRequest.Descriptor, RetryInfo.Descriptor, ResourceInfo.Descriptor,
        QuotaFailure.Descriptor, DebugInfo.Descriptor,
    ];

    private static readonly JsonParser ErrorJson = new(
        JsonParser.Settings.Default.WithTypeRegistry(TypeRegistry.FromMessages(Details)));

    /// <summary>The message.</summary>
    public string Message => Status.Message;

    /// <summary>The error of a call that has to fail.</summary>
    public static async Task<Refusal> OfAsync<T>(AsyncUnaryCall<T> call) =>
        Read(await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync));

    /// <summary>Decodes and checks an error.</summary>
    public static Refusal Read(RpcException failure)
    {
        var bytes = failure.Trailers.GetValueBytes(TrailerName);
        Assert.True(bytes is not null, $"{failure.Status} has no {TrailerName}.");
        return Read(failure.StatusCode, failure.Status.Detail, bytes);
    }

    /// <summary>Decodes and checks an error that is the whole answer ("Trailers-Only"), read without gRPC.</summary>
    public static Refusal Read(HttpResponseHeaders headers)
    {
        Assert.True(headers.Contains(TrailerName), $"The answer has no {TrailerName}: {headers}");
        var details = headers.GetValues(TrailerName).Single();
        return Read(
            System.Enum.Parse<StatusCode>(headers.GetValues("grpc-status").Single()),
            Uri.UnescapeDataString(headers.GetValues("grpc-message").Single()),
            Convert.FromBase64String(details.PadRight((details.Length + 3) / 4 * 4, '=')));
    }

    /// <summary>Decodes and checks an error that came as JSON over HTTP.</summary>
    public static Refusal ReadJson(string json) => Read(ErrorJson.Parse<Google.Rpc.Status>(json));

    private static Refusal Read(StatusCode code, string message, byte[] details)
    {
        var status = Google.Rpc.Status.Parser.ParseFrom(details);
        Assert.Equal((code, message), ((StatusCode)status.Code, status.Message));
        return Read(status);
    }

    private static Refusal Read(Google.Rpc.Status status)
    {
        var types = status.Details.Select(detail => Any.GetTypeName(detail.TypeUrl)).ToList();
        Assert.Equal(types.Distinct(), types);
        Assert.Equal(types.Intersect(Details.Select(type => type.FullName)), types);
        var info = status.GetDetail<ErrorInfo>();
        Assert.NotNull(info);
        Assert.Equal(ErrorReasons.Domain, info.Domain);
        var refusal = new Refusal(ErrorReasons.Parse(info.Reason), info, status);
        refusal.AssertIsAsPublished();
        Remember(refusal.Reason);
        return refusal;
    }

    /// <summary>Takes note of the reason of a failed job or attempt that was read over a socket.</summary>
    public static void ReadFrom(Job job)
    {
        string?[] names = [job.ErrorInfo?.Reason, .. job.Attempts.Select(attempt => attempt.ErrorReason)];
        foreach (var name in names.Where(name => !string.IsNullOrEmpty(name)))
        {
            var reason = ErrorReasons.Parse(name);
            Assert.NotEqual(ErrorReason.Unspecified, reason);
            Remember(reason);
        }
    }

    /// <summary>Takes note of a reason that is in the log alone, since its caller is gone.</summary>
    public static void ReadFrom(ErrorReason reason, string logLine)
    {
        Assert.Contains(reason.ToText(), logLine, StringComparison.Ordinal);
        Remember(reason);
    }

    /// <summary>Whether this test has read an error with the reason.</summary>
    internal static bool WasRead(ErrorReason reason) => Seen().ContainsKey(reason);

    /// <summary>Fails where the text tells of the inside of a service: its files, its code, its exceptions.</summary>
    public static void AssertTellsNoInsides(string text)
    {
        Assert.DoesNotMatch(Insides(), text);
        Assert.DoesNotContain(RepositoryFiles.Root, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetTempPath(), text, StringComparison.Ordinal);
    }

    private static void Remember(ErrorReason reason) => Seen()[reason] = true;

    private static ConcurrentDictionary<ErrorReason, bool> Seen() =>
        (ConcurrentDictionary<ErrorReason, bool>)TestContext.Current.KeyValueStorage.GetOrAdd(
            $"reasons of {TestContext.Current.Test?.UniqueID}", _ => new ConcurrentDictionary<ErrorReason, bool>())!;

    private void AssertIsAsPublished()
    {
        Assert.NotEqual(ErrorReason.Unspecified, Reason);
        Assert.Equal(ErrorReasonTable.Of(Reason).Code, (StatusCode)Status.Code);
        Assert.NotEmpty(Message);
        Assert.All(Info.Metadata.Keys, key => Assert.Matches(MetadataKey(), key));
        AssertValuesAreInTheMetadata();
        if (WithRetryInfo.Contains(Reason))
        {
            Assert.True(Status.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan() > TimeSpan.Zero, $"{this}");
        }

        if (WithResourceInfo.Contains(Reason))
        {
            Assert.NotEmpty(Status.GetDetail<ResourceInfo>()?.ResourceName ?? "");
        }

        if (WithQuotaFailure.Contains(Reason))
        {
            Assert.NotEmpty(Status.GetDetail<QuotaFailure>()?.Violations ?? []);
        }

        AssertFieldsAreNamed();
        AssertLimitsAreNamed();
        AssertTellsNoInsides(string.Join('\n', Info.Metadata.Where(IsOurs).Select(pair => pair.Value)) + Message);

        // What the caller sent is told back as it was sent, paths included.
        static bool IsOurs(KeyValuePair<string, string> pair) => pair.Key != "value";
    }

    /// <summary>Whoever sent a bad argument is told which one.</summary>
    private void AssertFieldsAreNamed()
    {
        var badRequest = Status.GetDetail<BadRequest>() ?? new BadRequest();
        var fields = badRequest.FieldViolations.Select(violation => violation.Field).ToList();
        if ((StatusCode)Status.Code == StatusCode.InvalidArgument && !WithoutField.Contains(Reason))
        {
            Assert.True(fields.Count > 0 && fields.All(name => name.Length > 0), $"No field is named: {this}");
        }

        if (Info.Metadata.TryGetValue("field", out var field))
        {
            Assert.Equal([field], fields);
        }
    }

    /// <summary>
    /// An operator's limit is always told by the same two keys: "option", which can raise it, and "limit", its value.
    /// </summary>
    private void AssertLimitsAreNamed()
    {
        Assert.DoesNotContain(
            Info.Metadata.Keys, key => key != "limit" && key.StartsWith("limit", StringComparison.Ordinal));
        if (Info.Metadata.ContainsKey("limit") && OptionName().Match(Message) is { Success: true } option)
        {
            Assert.Equal(option.Groups["name"].Value, Info.Metadata["option"]);
        }
    }

    /// <summary>What changes from error to error is in the metadata, so that no program reads the message.</summary>
    private void AssertValuesAreInTheMetadata()
    {
        var values = string.Join('\n', Info.Metadata.Values);
        foreach (Match value in ChangingValue().Matches(Message))
        {
            Assert.True(
                values.Contains(value.Groups["value"].Value, StringComparison.Ordinal),
                $"{Reason}: \"{value.Groups["value"].Value}\" of the message is not in the metadata: {this}");
        }
    }

    // What stands in quotes, ids, and counts with their unit; but for the examples that some messages give.
    [GeneratedRegex(
        """
        "(?!file:///absolute/|ffmpeg\ )(?<value>[^"]+)"
        |(?<!such\ as\ )\b(?<value>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})
        |\b(?<value>\d+)\ (bytes|frames|jobs|s\b)
        """,
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex ChangingValue();

    [GeneratedRegex(@"\(option (?<name>[A-Z]\w*(:\w+)+)")]
    private static partial Regex OptionName();

    [GeneratedRegex(@"\A[a-z][a-zA-Z0-9]{0,62}\z")]
    private static partial Regex MetadataKey();

    [GeneratedRegex(
        @"\b[A-Za-z]+Exception\b|\bat [A-Z]\w+\.\w+|\.cs:line|\.dll\b|StackTrace|System\.[A-Z]\w+|Grpc\.[A-Z]\w+"
        + @"|Microsoft\.[A-Z]\w+|foregsyte\.duckdb")]
    private static partial Regex Insides();
}
