using System.Globalization;
using System.Text.Json;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>Input of a model run.</summary>
/// <param name="ModelId">Id in the catalogue.</param>
/// <param name="Shape">Shape of the input, for example "1x3x416x416".</param>
internal readonly record struct ModelInput(string ModelId, string Shape)
{
    public static ModelInput Of(string modelId, params IEnumerable<long> sizes) =>
        new(modelId, string.Join('x', sizes));

    public long[] Sizes() =>
        [.. Shape.Split('x').Select(size => long.Parse(size, NumberStyles.None, CultureInfo.InvariantCulture))];
}

/// <summary>One run of a model, as ONNX Runtime recorded it.</summary>
internal readonly record struct ModelRun(ModelInput Input, double Seconds);

/// <summary>
/// Reads the profile that ONNX Runtime writes: a JSON list of events, one per operator and, after those, one
/// "model_run" for the whole run on the same thread. Times are in microseconds.
/// </summary>
internal static class OrtProfile
{
    private const double MicrosecondsPerSecond = 1e6;

    /// <summary>The runs, in the order in which they ended.</summary>
    /// <param name="json">The profile of one session.</param>
    /// <param name="modelId">The model of the session.</param>
    /// <exception cref="InvalidOperationException">A run has no operator with the shape of its input.</exception>
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
                    : throw new InvalidOperationException($"A run of {modelId} has no input shape."));
            }
            else if (!shapes.ContainsKey(thread) && FirstInput(item) is { } sizes)
            {
                // The first operator of these graphs reads the input of the model.
                shapes.Add(thread, ModelInput.Of(modelId, sizes));
            }
        }

        return runs;
    }

    /// <summary>Models in 8 bits turn some weights into floats before their first operator.</summary>
    private static bool IsConstant(JsonElement arguments) =>
        arguments.TryGetProperty("op_name", out var kind) && kind.GetString() == "DequantizeLinear";

    private static long[]? FirstInput(JsonElement item) =>
        item.TryGetProperty("args", out var arguments)
        && !IsConstant(arguments)
        && arguments.TryGetProperty("input_type_shape", out var inputs) && inputs.GetArrayLength() > 0
            ? [.. inputs[0].EnumerateObject().First().Value.EnumerateArray().Select(size => size.GetInt64())]
            : null;
}
