using System.Text.Json;
using System.Text.Json.Serialization;
using ForegSyte.Testing;

namespace ForegSyte.Accuracy.Objects;

/// <summary>An axis-aligned box in source pixels.</summary>
internal readonly record struct PixelBox(double X, double Y, double Width, double Height)
{
    public double Area => Width * Height;

    /// <summary>Area of the intersection of two boxes.</summary>
    public double IntersectionWith(PixelBox other)
    {
        var width = Math.Min(X + Width, other.X + other.Width) - Math.Max(X, other.X);
        var height = Math.Min(Y + Height, other.Y + other.Height) - Math.Max(Y, other.Y);
        return width > 0 && height > 0 ? width * height : 0;
    }

    /// <summary>Intersection over union, 0 to 1.</summary>
    public double OverlapWith(PixelBox other)
    {
        var shared = IntersectionWith(other);
        return shared > 0 ? shared / (Area + other.Area - shared) : 0;
    }
}

/// <summary>An object labeled by hand.</summary>
/// <param name="Frame">Index of the frame.</param>
/// <param name="Category">Name of its class.</param>
/// <param name="Box">Its visible part.</param>
/// <param name="IsIgnored">Whether it counts as neither found nor missed.</param>
internal sealed record LabeledObject(int Frame, string Category, PixelBox Box, bool IsIgnored);

/// <summary>A detected object.</summary>
/// <param name="Frame">Index of the frame.</param>
/// <param name="Category">Name of its class.</param>
/// <param name="Box">Its position.</param>
/// <param name="Confidence">0 to 1.</param>
internal sealed record FoundObject(int Frame, string Category, PixelBox Box, double Confidence);

/// <summary>A file of labels: the labeled frames and their objects with boxes as in COCO.</summary>
/// <param name="Description">Description for readers.</param>
/// <param name="Frames">Indexes of the completely labeled frames.</param>
/// <param name="Annotations">The objects.</param>
/// <param name="Sources">
/// Files of Debian packages: one video, or a photo for each frame; null for the sample of the repository.
/// </param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LabelFile(
    string Description, int[] Frames, LabelFile.Annotation[] Annotations, string[]? Sources = null)
{
    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "tests", "Accuracy", "Labels");

    /// <summary>The objects of all frames.</summary>
    public List<LabeledObject> Objects => [.. Annotations.Select(item => new LabeledObject(
        item.Frame, item.Category, new PixelBox(item.Bbox[0], item.Bbox[1], item.Bbox[2], item.Bbox[3]),
        item.Ignore != 0))];

    /// <summary>The labels of the sample.</summary>
    public static LabelFile Sample() => Read(PathOf("pedestrians"));

    /// <summary>Path of a file of labels.</summary>
    public static string PathOf(string name) => Path.Combine(Folder, name + ".json");

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">An object lacks a box of four numbers or a labeled frame.</exception>
    public static LabelFile Read(string path)
    {
        var file = JsonSerializer.Deserialize<LabelFile>(File.ReadAllBytes(path), JsonSerializerOptions.Web)
            ?? throw new InvalidDataException($"{path} is null.");
        return file.Annotations.All(item => item.Bbox.Length == 4 && file.Frames.Contains(item.Frame))
            ? file
            : throw new InvalidDataException($"{path} has an object without a box or in an unlisted frame.");
    }

    /// <summary>One object; bbox is x, y, width, height, and track names the same object in all frames.</summary>
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    internal sealed record Annotation(int Frame, string Category, double[] Bbox, int Ignore, string? Track = null);
}
