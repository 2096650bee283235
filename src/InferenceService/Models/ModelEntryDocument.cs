using System.Text.Json.Serialization;

namespace ForegSyte.Inference.Models;

/// <summary>An entry of models.json as it is written, before it is validated.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ModelEntryDocument
{
    public string? Id { get; init; }

    public string? Family { get; init; }

    /// <summary>Path of the ONNX file, relative to the catalogue's folder.</summary>
    public string? File { get; init; }

    public string? Sha256 { get; init; }

    public string? License { get; init; }

    public string? Source { get; init; }

    public InputDocument? Input { get; init; }

    /// <summary>Path of the label list, one a line, relative to the catalogue's folder.</summary>
    public string? LabelsFile { get; init; }

    public Dictionary<string, float>? Thresholds { get; init; }

    /// <summary>Size of the model's input in pixels.</summary>
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    internal sealed record InputDocument
    {
        public int? Width { get; init; }

        public int? Height { get; init; }
    }
}
