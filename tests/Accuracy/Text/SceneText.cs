using System.Text.Json;
using System.Text.Json.Serialization;
using ForegSyte.Accuracy.Objects;
using ForegSyte.Accuracy.Running;

namespace ForegSyte.Accuracy.Text;

/// <summary>Text in photos, labeled by hand: signs, shop fronts, books.</summary>
/// <param name="Description">Description for readers.</param>
/// <param name="Lines">The lines.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record SceneText(string Description, SceneText.Line[] Lines)
{
    /// <summary>Reads the labels and makes a clip of one frame for each photo.</summary>
    /// <param name="folder">Folder for the clips.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>Each clip with its lines, of frame 0.</returns>
    /// <exception cref="InvalidOperationException">A photo is missing.</exception>
    public static async Task<List<(string Clip, IReadOnlyList<LabeledLine> Lines)>> MakeAsync(
        string folder, CancellationToken cancellationToken)
    {
        var file = JsonSerializer.Deserialize<SceneText>(
            await File.ReadAllBytesAsync(LabelFile.PathOf("scene_text"), cancellationToken),
            JsonSerializerOptions.Web)!;
        var clips = new List<(string, IReadOnlyList<LabeledLine>)>();
        foreach (var photo in file.Lines.GroupBy(line => line.Source))
        {
            var clip = Path.Combine(folder, $"text{clips.Count}.mp4");
            await SceneSet.MakeAsync(PackageFiles.Find(photo.Key), "", clip, cancellationToken);
            clips.Add((clip, [.. photo.Select(line => new LabeledLine(
                0, line.Text, line.Bbox[1], line.Bbox[1] + line.Bbox[3], line.Bbox[0], line.Bbox[0] + line.Bbox[2]))]));
        }

        return clips;
    }

    /// <summary>One line; bbox is x, y, width, height and holds the center of this line only.</summary>
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    internal sealed record Line(string Source, string Text, double[] Bbox);
}
