using System.Text.Json;
using System.Text.Json.Serialization;

namespace ForegSyte.Accuracy.Objects;

/// <summary>A file of labels: frames that were looked at, and the objects in them with COCO's boxes.</summary>
/// <param name="Description">What it is, for people.</param>
/// <param name="Frames">Indexes of the frames that are labelled in full.</param>
/// <param name="Annotations">The objects.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LabelFile(string Description, int[] Frames, LabelFile.Annotation[] Annotations)
{
    /// <summary>The objects of all frames.</summary>
    public List<LabelledObject> Objects => [.. Annotations.Select(item => new LabelledObject(
        item.Frame, item.Category, new PixelBox(item.Bbox[0], item.Bbox[1], item.Bbox[2], item.Bbox[3]),
        item.Ignore != 0))];

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">An object has no box of four numbers or no labelled frame.</exception>
    public static LabelFile Read(string path)
    {
        var file = JsonSerializer.Deserialize<LabelFile>(File.ReadAllBytes(path), JsonSerializerOptions.Web)
            ?? throw new InvalidDataException($"{path} is null.");
        return file.Annotations.All(item => item.Bbox.Length == 4 && file.Frames.Contains(item.Frame))
            ? file
            : throw new InvalidDataException($"{path} has an object without a box or in a frame that is not listed.");
    }

    /// <summary>One object; bbox is x, y, width, height.</summary>
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    internal sealed record Annotation(int Frame, string Category, double[] Bbox, int Ignore);
}
