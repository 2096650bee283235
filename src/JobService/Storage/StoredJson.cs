using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Reads and writes the messages that the database and the manifests hold as JSON. It also reads the form of earlier
/// versions: maps in the summary, duration_ms, one device, and errors without google.rpc.Status.
/// </summary>
internal static class StoredJson
{
    /// <summary>Formats a message; null for null.</summary>
    public static string? Write(IMessage? message) =>
        message is null ? null : ForegSyteJson.Formatter.Format(message);

    /// <summary>Formats devices as a JSON array; null if there are none.</summary>
    public static string? Write(DeviceList devices) =>
        devices.Count == 0 ? null : $"[{string.Join(',', devices.Select(device => Write(device)))}]";

    /// <summary>
    /// Formats warnings as a JSON array of reasons and counts, without the messages, which follow from them; null if
    /// there are none.
    /// </summary>
    public static string? Write(JobWarnings warnings) => warnings.Count == 0
        ? null
        : $"[{string.Join(',', warnings.Select(pair => Write(new Warning { Reason = pair.Key, Count = pair.Value })))}"
            + "]";

    /// <summary>Parses a video; null for null.</summary>
    public static VideoInfo? Video(string? json) => Parse<VideoInfo>(json, "\"duration_ms\"", UpgradeVideo);

    /// <summary>Parses a summary; null for null.</summary>
    public static JobSummary? Summary(string? json) =>
        Parse<JobSummary>(json, "\"detections_by_label\"", UpgradeSummary);

    /// <summary>Parses devices. Earlier versions stored one device as an object.</summary>
    public static DeviceList Devices(string? json)
    {
        if (json is null)
        {
            return DeviceList.Empty;
        }

        using var document = JsonDocument.Parse(json);
        var devices = document.RootElement.ValueKind == JsonValueKind.Array
            ? document.RootElement.EnumerateArray().Select(device => device.GetRawText())
            : [json];
        return new DeviceList(devices.Select(ForegSyteJson.Parser.Parse<Device>));
    }

    /// <summary>Parses warnings; none for null.</summary>
    public static JobWarnings Warnings(string? json)
    {
        if (json is null)
        {
            return JobWarnings.Empty;
        }

        using var document = JsonDocument.Parse(json);
        return new JobWarnings(document.RootElement.EnumerateArray()
            .Select(warning => ForegSyteJson.Parser.Parse<Warning>(warning.GetRawText())));
    }

    /// <summary>Converts a job of an earlier version in place: the job as a manifest holds it.</summary>
    public static void UpgradeJob(JsonObject job)
    {
        if (job["video"] is JsonObject video)
        {
            UpgradeVideo(video);
        }

        if (job["summary"] is JsonObject summary)
        {
            UpgradeSummary(summary);
        }

        UpgradeDevice(job);
        foreach (var attempt in (job["attempts"] as JsonArray ?? []).OfType<JsonObject>())
        {
            UpgradeDevice(attempt);
        }
    }

    private static T? Parse<T>(string? json, string earlierField, Action<JsonObject> upgrade)
        where T : class, IMessage, new()
    {
        if (json is null)
        {
            return null;
        }

        if (json.Contains(earlierField, StringComparison.Ordinal)
            && JsonNode.Parse(json) is JsonObject stored)
        {
            upgrade(stored);
            json = stored.ToJsonString();
        }

        return ForegSyteJson.Parser.Parse<T>(json);
    }

    private static void UpgradeVideo(JsonObject video)
    {
        if (Take(video, "duration_ms") is { } milliseconds)
        {
            var seconds = milliseconds.GetValue<long>() / 1000m;
            video["duration"] = string.Create(CultureInfo.InvariantCulture, $"{seconds:0.000}s");
        }
    }

    private static void UpgradeSummary(JsonObject summary)
    {
        if (Take(summary, "detections_by_label") is JsonObject counts)
        {
            summary["labels"] = new JsonArray(
            [
                .. counts.OrderByDescending(pair => pair.Value!.GetValue<long>())
                    .ThenBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => (JsonNode)new JsonObject
                    {
                        ["label"] = pair.Key,
                        ["detection_count"] = pair.Value!.GetValue<long>(),
                    }),
            ]);
        }

        if (summary["frames"] is not JsonObject frames)
        {
            return;
        }

        if (Take(frames, "decoded") is { } total)
        {
            frames["total"] = total;
        }

        if (Take(frames, "failed_by_reason") is JsonObject failures)
        {
            frames["failures"] = new JsonArray(
            [
                .. failures.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => (JsonNode)new JsonObject
                    {
                        ["reason"] = pair.Key,
                        ["frame_count"] = pair.Value!.GetValue<int>(),
                    }),
            ]);
        }
    }

    private static void UpgradeDevice(JsonObject owner)
    {
        if (Take(owner, "device") is JsonObject device)
        {
            owner["devices"] = new JsonArray(device);
        }
    }

    /// <summary>Removes a field and returns its value, detached; null if it is missing or null.</summary>
    private static JsonNode? Take(JsonObject from, string name)
    {
        var value = from[name];
        from.Remove(name);
        return value;
    }
}
