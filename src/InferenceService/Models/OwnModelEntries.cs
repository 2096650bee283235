using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ForegSyte.Inference.Models;

/// <summary>The user's own entries beside a catalogue; <see cref="ModelCatalogueReader.OwnEntriesOf"/>.</summary>
internal static class OwnModelEntries
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The entries as they are written; none if the file is missing.</summary>
    /// <param name="path">Path of a file that <see cref="ModelCatalogueReader.Read"/> accepts.</param>
    public static List<ModelEntryDocument> Read(string path) => File.Exists(path)
        ? JsonSerializer.Deserialize<Entries>(File.ReadAllBytes(path), Json)?.Models ?? []
        : [];

    /// <summary>Replaces the file as a whole; without entries, deletes it.</summary>
    public static void Write(string path, IReadOnlyCollection<ModelEntryDocument> entries)
    {
        if (entries.Count == 0)
        {
            File.Delete(path);
            return;
        }

        var next = path + ".tmp";
        File.WriteAllBytes(next, ToJson(entries));
        File.Move(next, path, overwrite: true);
    }

    /// <summary>The entries in the form of a catalogue file.</summary>
    public static byte[] ToJson(IReadOnlyCollection<ModelEntryDocument> entries) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(new Entries([.. entries]), Json), (byte)'\n'];

    private sealed record Entries(List<ModelEntryDocument> Models);
}
