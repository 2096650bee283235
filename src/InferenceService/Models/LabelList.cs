namespace ForegSyte.Inference.Models;

/// <summary>Reads label lists: UTF-8 text, one label a line, in the order of the model's classes.</summary>
internal static class LabelList
{
    /// <summary>Largest label list that is read, in bytes.</summary>
    public const int MaxFileBytes = 4 * 1024 * 1024;

    /// <summary>The labels of a model. Nothing is trimmed: a space can be a label of a recogniser.</summary>
    /// <exception cref="ModelLoadException">The file is missing, too large, empty or has an empty line.</exception>
    public static IReadOnlyList<string> Read(ModelEntry entry)
    {
        var path = entry.LabelsPath ?? throw new ArgumentException("The entry has no labels.", nameof(entry));
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > MaxFileBytes)
        {
            throw new ModelLoadException(
                entry.Id, $"The labels file {path} does not exist or has more than {MaxFileBytes} bytes.");
        }

        var labels = File.ReadAllLines(path);
        return labels.Length > 0 && !labels.Contains("")
            ? labels
            : throw new ModelLoadException(entry.Id, $"The labels file {path} is empty or has an empty line.");
    }
}
