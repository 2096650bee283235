using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Tracing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>
/// An error as a caller receives it. Every error that a test decodes is also checked against the published rules for
/// errors (AIP-193, docs/errors.md).
/// </summary>
/// <param name="Reason">The reason.</param>
/// <param name="Info">The ErrorInfo.</param>
/// <param name="Status">The complete status.</param>
public sealed partial record Refusal(ErrorReason Reason, ErrorInfo Info, Google.Rpc.Status Status)
{
    private const string TrailerName = "grpc-status-details-bin";

    /// <summary>Reasons of temporary failures, which carry RetryInfo.</summary>
    private static readonly ErrorReason[] WithRetryInfo =
    [
        ErrorReason.QueueFull, ErrorReason.InferenceBusy, ErrorReason.TooManyCalls, ErrorReason.RateLimited,
        ErrorReason.ShuttingDown, ErrorReason.UploadBusy, ErrorReason.StoreUnavailable,
    ];

    private static readonly ErrorReason[] WithResourceInfo =
    [
        ErrorReason.JobNotFound, ErrorReason.UploadNotFound, ErrorReason.UploadIncomplete,
        ErrorReason.UploadContentMismatch, ErrorReason.UploadBusy,
    ];

    private static readonly ErrorReason[] WithQuotaFailure = [ErrorReason.RateLimited, ErrorReason.TenantQuotaExceeded];

    /// <summary>INVALID_ARGUMENT reasons that refer to no field.</summary>
    private static readonly ErrorReason[] WithoutField = [ErrorReason.MalformedRequest];

    private static readonly MessageDescriptor[] Details =
    [
        ErrorInfo.Descriptor, BadRequest.Descriptor, RetryInfo.Descriptor, ResourceInfo.Descriptor,
        QuotaFailure.Descriptor, DebugInfo.Descriptor,
    ];

    private static readonly JsonParser ErrorJson = new(
        JsonParser.Settings.Default.WithTypeRegistry(TypeRegistry.FromMessages(Details)));

    public string Message => Status.Message;

    /// <summary>Awaits a call that must fail; returns its error.</summary>
    public static async Task<Refusal> OfAsync<T>(AsyncUnaryCall<T> call) =>
        Read(await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync));

    /// <summary>Decodes and checks an error.</summary>
    public static Refusal Read(RpcException failure)
    {
        var bytes = failure.Trailers.GetValueBytes(TrailerName);
        Assert.True(bytes is not null, $"{failure.Status} has no {TrailerName}.");
        return Read(failure.StatusCode, failure.Status.Detail, bytes);
    }

    /// <summary>Decodes and checks the headers of a "Trailers-Only" response, read without gRPC.</summary>
    public static Refusal Read(HttpResponseHeaders headers)
    {
        Assert.True(headers.Contains(TrailerName), $"The response has no {TrailerName}: {headers}");
        var details = headers.GetValues(TrailerName).Single();
        return Read(
            System.Enum.Parse<StatusCode>(headers.GetValues("grpc-status").Single()),
            Uri.UnescapeDataString(headers.GetValues("grpc-message").Single()),
            Convert.FromBase64String(details.PadRight((details.Length + 3) / 4 * 4, '=')));
    }

    /// <summary>
    /// Decodes and checks the JSON body of an HTTP error: {"error": {"code": 404, "message": "…", "status":
    /// "NOT_FOUND", "details": […]}} (AIP-193).
    /// </summary>
    /// <param name="json">The body.</param>
    /// <param name="httpStatus">Status code of the response, which the body repeats.</param>
    public static Refusal ReadJson(string json, int httpStatus)
    {
        var body = JsonNode.Parse(json)!.AsObject();
        Assert.Equal(["error"], body.Select(field => field.Key));
        var error = body["error"]!.AsObject();
        Assert.Equal(["code", "details", "message", "status"], error.Select(field => field.Key).Order());
        Assert.Equal(httpStatus, (int)error["code"]!);
        var code = System.Enum.GetValues<StatusCode>().Single(
            code => StatusCodeNames.Of(code) == (string?)error["status"]);
        error.Remove("status");
        error["code"] = (int)code;
        return Read(ErrorJson.Parse<Google.Rpc.Status>(error.ToJsonString()));
    }

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

    /// <summary>Records the reasons of a failed job and its attempts.</summary>
    public static void ReadFrom(Job job)
    {
        var errors = job.Attempts.Select(attempt => attempt.Error).Prepend(job.Error);
        foreach (var error in errors.Where(error => error is not null))
        {
            var reason = ErrorStatus.ReasonOf(error);
            Assert.NotEqual(ErrorReason.Unspecified, reason);
            Assert.Equal(ErrorReasonTable.Of(reason).Code, (StatusCode)error.Code);
            Remember(reason);
        }
    }

    /// <summary>Records a reason that appears only in the log, because its caller has disconnected.</summary>
    public static void ReadFrom(ErrorReason reason, string logLine)
    {
        Assert.Contains(reason.ToText(), logLine, StringComparison.Ordinal);
        Remember(reason);
    }

    /// <summary>Whether the current test has received an error with this reason.</summary>
    internal static bool WasRead(ErrorReason reason) => Seen().ContainsKey(reason);

    /// <summary>Fails if the text exposes paths, code or exceptions of a service.</summary>
    public static void AssertDisclosesNoInternals(string text)
    {
        Assert.DoesNotMatch(Internals(), text);
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
            Assert.True(
                Status.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan() > TimeSpan.Zero, $"No RetryInfo: {this}");
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
        AssertDisclosesNoInternals(string.Join('\n', Info.Metadata.Where(IsOurs).Select(pair => pair.Value)) + Message);

        // "value" repeats what the caller sent, paths included.
        static bool IsOurs(KeyValuePair<string, string> pair) => pair.Key != "value";
    }

    /// <summary>INVALID_ARGUMENT must name the field.</summary>
    private void AssertFieldsAreNamed()
    {
        var badRequest = Status.GetDetail<BadRequest>() ?? new BadRequest();
        var fields = badRequest.FieldViolations.Select(violation => violation.Field).ToList();
        if ((StatusCode)Status.Code == StatusCode.InvalidArgument && !WithoutField.Contains(Reason))
        {
            Assert.True(fields.Count > 0 && fields.All(name => name.Length > 0), $"The error names no field: {this}");
        }

        if (Info.Metadata.TryGetValue("field", out var field))
        {
            Assert.Equal([field], fields);
        }
    }

    /// <summary>A configured limit must appear under two keys: "option", its name, and "limit", its value.</summary>
    private void AssertLimitsAreNamed()
    {
        Assert.DoesNotContain(
            Info.Metadata.Keys, key => key != "limit" && key.StartsWith("limit", StringComparison.Ordinal));
        if (Info.Metadata.ContainsKey("limit") && OptionName().Match(Message) is { Success: true } option)
        {
            Assert.Equal(option.Groups["name"].Value, Info.Metadata["option"]);
        }
    }

    /// <summary>
    /// Every variable part of the message must be in the metadata, so that programs need not parse messages.
    /// </summary>
    private void AssertValuesAreInTheMetadata()
    {
        var values = string.Join('\n', Info.Metadata.Values);
        foreach (Match value in ChangingValue().Matches(Message))
        {
            Assert.True(
                values.Contains(value.Groups["value"].Value, StringComparison.Ordinal),
                $"{Reason}: the metadata lacks \"{value.Groups["value"].Value}\" of the message: {this}");
        }
    }

    // Quoted texts, ids, and numbers with a unit, except for the examples in some messages.
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
    private static partial Regex Internals();
}
