using System.Text.Json;

namespace ForegSyte.Benchmarks.Recording;

/// <summary>
/// Reads the profile that ONNX Runtime writes: a JSON list of events, one for each operator and, after those, one
/// "model_run" for the whole run on the same thread. Times are in microseconds.
/// </summary>
internal static class OrtProfile
{
    private const double MicrosecondsPerSecond = 1e6;

    /// <summary>The runs, in the order in which they ended.</summary>
    /// <param name="json">The profile of one session.</param>
    /// <param name="modelId">Whose session it was.</param>
    /// <exception cref="InvalidOperationException">A run has no operator that tells the shape of its input.</exception>
    public static List<ModelRun> Read(Stream json, string modelId)
    {
        using var document = JsonDocument.Parse(json);
        var runs = new List<ModelRun>();
        var shapes = new Dictionary<long, ModelInput>();
        foreach (var item in document.RootElement.EnumerateArray())
        {
            var thread = item.TryGetProperty("tid", out var id) ? id.GetInt64() : 0;
            if (item.GetProperty("name").GetString() == "model_run")
            {
                runs.Add(shapes.Remove(thread, out var input)
                    ? new ModelRun(input, item.GetProperty("dur").GetInt64() / MicrosecondsPerSecond)
                    : throw new InvalidOperationException($"A run of {modelId} tells no shape."));
            }
            else if (!shapes.ContainsKey(thread) && FirstInput(item) is { } sizes)
            {
                // The first operator of these graphs reads the input of the model.
                shapes.Add(thread, ModelInput.Of(modelId, sizes));
            }
        }

        return runs;
    }

    private static long[]? FirstInput(JsonElement item) =>
        item.TryGetProperty("args", out var arguments)
        && arguments.TryGetProperty("input_type_shape", out var inputs) && inputs.GetArrayLength() > 0
            ? [.. inputs[0].EnumerateObject().First().Value.EnumerateArray().Select(size => size.GetInt64())]
            : null;
}
