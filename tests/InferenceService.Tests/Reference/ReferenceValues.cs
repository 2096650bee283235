using System.Text.Json;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Reference;

/// <summary>reference.json, made by make_reference.py.</summary>
internal static class ReferenceValues
{
    public static string Folder { get; } =
        Path.Combine(RepositoryFiles.Root, "tests", "InferenceService.Tests", "Reference");

    public static JsonElement Root { get; } =
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "reference.json"))).RootElement;

    public static JsonElement Get(string name) => Root.GetProperty(name);

    public static float[] Floats(this JsonElement element) =>
        [.. element.EnumerateArray().Select(item => item.GetSingle())];
}
