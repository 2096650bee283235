using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.V1;

namespace ForegSyte.Protocol.Json;

/// <summary>Reads pipeline files.</summary>
public static class PipelineJson
{
    /// <summary>
    /// Parses a pipeline file. It also reads the form of earlier versions: edges with "from" and "to", nodes with
    /// "thresholds" as plain numbers. The output fields of the message are ignored.
    /// </summary>
    /// <param name="text">The file.</param>
    /// <param name="isEarlierForm">Whether the file has a field of an earlier version.</param>
    /// <exception cref="Google.Protobuf.InvalidJsonException">The file is not JSON.</exception>
    /// <exception cref="Google.Protobuf.InvalidProtocolBufferException">The file is not a pipeline.</exception>
    public static Pipeline Parse(string text, out bool isEarlierForm)
    {
        var converted = Convert(text);
        isEarlierForm = converted is not null;
        var pipeline = ForegSyteJson.StrictParser.Parse<Pipeline>(converted ?? text);

        // A file that was written from ListPipelines has these; the InferenceService finds them out again.
        pipeline.Version = "";
        pipeline.Labels.Clear();
        return pipeline;
    }

    /// <summary>The file in the present form; null if it has no field of an earlier version.</summary>
    private static string? Convert(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is not JsonObject pipeline)
            {
                return null;
            }

            var isConverted = false;
            foreach (var edge in ObjectsIn(pipeline, "edges"))
            {
                isConverted |= Rename(edge, "from", "from_node", value => value);
                isConverted |= Rename(edge, "to", "to_node", value => value);
            }

            foreach (var node in ObjectsIn(pipeline, "nodes"))
            {
                isConverted |= Rename(node, "thresholds", "parameters", ToParameters);
            }

            return isConverted ? pipeline.ToJsonString() : null;
        }
        catch (Exception failure) when (failure is JsonException or ArgumentException)
        {
            // The parser of the present form reports what is wrong (ArgumentException: a key occurs twice).
            return null;
        }
    }

    private static IEnumerable<JsonObject> ObjectsIn(JsonObject pipeline, string field) =>
        pipeline[field] is JsonArray items ? items.OfType<JsonObject>() : [];

    /// <summary>
    /// Renames a field, unless the present one is there too: that is a mistake, which the parser reports.
    /// </summary>
    private static bool Rename(JsonObject owner, string name, string presentName, Func<JsonNode?, JsonNode?> convert)
    {
        if (!owner.TryGetPropertyValue(name, out var value) || owner.ContainsKey(presentName))
        {
            return false;
        }

        owner.Remove(name);
        owner.Add(presentName, convert(value));
        return true;
    }

    private static JsonNode? ToParameters(JsonNode? thresholds)
    {
        if (thresholds is not JsonObject values)
        {
            return thresholds;
        }

        var parameters = new JsonObject();
        foreach (var (name, value) in values)
        {
            parameters.Add(name, new JsonObject { ["double_value"] = value?.DeepClone() });
        }

        return parameters;
    }
}
