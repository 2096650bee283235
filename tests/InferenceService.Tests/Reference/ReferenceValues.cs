using System.Text.Json;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Reference;

/// <summary>The reference values of this folder; README.md says how they were made.</summary>
internal static class ReferenceValues
{
    private static readonly JsonElement Root = Read("reference.json");

    public static string Folder { get; } =
        Path.Combine(RepositoryFiles.Root, "tests", "InferenceService.Tests", "Reference");

    /// <summary>PaddleOCR's text post-processing, by make_text_reference.py.</summary>
    public static JsonElement Text { get; } = Read("text_reference.json");

    /// <summary>A value of reference.json, by make_reference.py.</summary>
    public static JsonElement Get(string name) => Root.GetProperty(name);

    public static float[] Floats(this JsonElement element) =>
        [.. element.EnumerateArray().Select(item => item.GetSingle())];

    private static JsonElement Read(string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(
        RepositoryFiles.Root, "tests", "InferenceService.Tests", "Reference", file))).RootElement;
}
