using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.Testing;

namespace ForegSyte.Accuracy.Running;

/// <summary>The committed models, and models with other licenses if they are present.</summary>
internal static class Catalogue
{
    private const string YoloXId = "yolox_nano_416";
    private static readonly string[] DetectorFamilies = ["nanodet", "centernet", "yolox", "yolov8"];
    private static readonly string Folder = Path.Combine(RepositoryFiles.Data, "models");

    /// <summary>Writes the catalogue with absolute paths.</summary>
    /// <param name="path">File to write.</param>
    /// <param name="skipped">Receives a sentence per missing model.</param>
    /// <returns>Id and default confidence of each detector.</returns>
    public static List<(string Id, double Confidence)> Write(string path, List<string> skipped)
    {
        var root = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "models.json")))!;
        var models = root["models"]!.AsArray();
        foreach (var model in models.Where(model => model!["file"] is not null))
        {
            model!["file"] = Absolute(model["file"]!);
            if (model["labels_file"] is { } labels)
            {
                model["labels_file"] = Absolute(labels);
            }
        }

        var yoloX = Path.GetFullPath(
            Path.Combine(RepositoryFiles.Root, "..", "shared", "models", $"{YoloXId}.onnx"));
        if (File.Exists(yoloX))
        {
            models.Add(YoloX(yoloX));
        }
        else
        {
            skipped.Add($"{YoloXId}: skipped because {yoloX} is missing; its license does not allow committing it.");
        }

        File.WriteAllText(path, root.ToJsonString());
        return [.. models
            .Where(model => DetectorFamilies.Contains(model!["family"]?.GetValue<string>()))
            .Select(model => (
                model!["id"]!.GetValue<string>(), model["thresholds"]!["confidence"]!.GetValue<double>()))];
    }

    private static string Absolute(JsonNode file) => Path.GetFullPath(file.GetValue<string>(), Folder);

    private static JsonNode YoloX(string path) => JsonSerializer.SerializeToNode(new
    {
        id = YoloXId,
        family = "yolox",
        file = path,
        sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))),
        license = "Apache-2.0",
        source = "a public copy",
        input = new { width = 416, height = 416 },
        labels_file = Path.Combine(Folder, "coco.names"),
        thresholds = new { confidence = 0.3, iou = 0.45 },
    })!;
}
