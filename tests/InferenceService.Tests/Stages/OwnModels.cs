using System.Security.Cryptography;
using System.Text.Json;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Tests.Reference;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>A catalogue for a user's own weights: only entries, no code.</summary>
internal sealed class OwnModels : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private OwnModels(string? yoloXPath)
    {
        File.WriteAllText(_folder.File("three.names"), "person\nbicycle\ncar\n");
        var entries = new List<object>
        {
            Entry("tiny_yolov8", "yolov8", Path.Combine(ReferenceValues.Folder, "tiny_yolov8.onnx"), 640,
                "three.names"),
        };
        if (yoloXPath is not null)
        {
            var names = Path.Combine(RepositoryFiles.Data, "models", "coco.names");
            entries.Add(Entry("yolox_nano_416", "yolox", yoloXPath, 416, names));
        }

        File.WriteAllText(_folder.File("models.json"), JsonSerializer.Serialize(new { models = entries }));
        Sessions = LoadedModels.Open(_folder.File("models.json"));
    }

    public ModelSessions Sessions { get; }

    public static OwnModels Open(string? yoloXPath = null) => new(yoloXPath);

    public void Dispose()
    {
        Sessions.Dispose();
        _folder.Dispose();
    }

    private static object Entry(string id, string family, string path, int side, string labels) => new
    {
        id,
        family,
        file = path,
        sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))),
        license = "Apache-2.0",
        source = "a test",
        input = new { width = side, height = side },
        labels_file = labels,
    };
}
