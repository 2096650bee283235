using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Inference.Models;

namespace ForegSyte.Inference.Commands;

/// <summary>The labels of a model that is added: from a file of the user, or from the metadata of the model.</summary>
internal static partial class ModelLabels
{
    /// <summary>Ultralytics' key of the class names.</summary>
    private const string NamesKey = "names";

    /// <summary>
    /// The labels in Ultralytics' metadata, a dictionary as Python writes it: {0: 'person', 1: "driver's cap"}; null
    /// if the file has none.
    /// </summary>
    public static IReadOnlyList<string>? Of(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(NamesKey, out var names))
        {
            return null;
        }

        var labels = Name().Matches(names)
            .Select(match => (
                Id: int.Parse(match.Groups["id"].Value, CultureInfo.InvariantCulture),
                Label: Escape().Replace(match.Groups["label"].Value, "$1").Trim()))
            .OrderBy(item => item.Id)
            .ToList();
        return labels.Count > 0 && labels.Select(item => item.Id).SequenceEqual(Enumerable.Range(0, labels.Count))
            ? [.. labels.Select(item => item.Label)]
            : null;
    }

    /// <summary>The labels in a text file, one per line; empty lines at its end do not count.</summary>
    /// <exception cref="ModelCommandException">The file cannot be used.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > LabelList.MaxFileBytes)
        {
            throw new ModelCommandException(
                $"The labels file {path} does not exist or is larger than {LabelList.MaxFileBytes} bytes.");
        }

        var labels = File.ReadAllLines(path).Select(line => line.Trim()).ToList();
        while (labels is [.., ""])
        {
            labels.RemoveAt(labels.Count - 1);
        }

        return labels.Count > 0 && !labels.Contains("")
            ? labels
            : throw new ModelCommandException(labels.Count == 0
                ? $"The labels file {path} is empty. Write one label per line, in the order of the classes."
                : $"Line {labels.IndexOf("") + 1} of the labels file {path} is empty. Each class needs a label.");
    }

    /// <summary>Refuses a number of labels that is not the number of classes.</summary>
    /// <exception cref="ModelCommandException">They differ, or there are no labels.</exception>
    public static IReadOnlyList<string> Require(
        IReadOnlyList<string>? labels, int? classCount, string origin, string catalogueFolder)
    {
        if (labels is null)
        {
            var classes = classCount is { } known
                ? string.Create(CultureInfo.InvariantCulture, $"The model has {known} classes without names.")
                : "The model does not name its classes.";
            throw new ModelCommandException(
                $"{classes} Write one label per line, in the order of the classes, and name the file with --labels. "
                + $"{Path.Combine(catalogueFolder, "coco.names")} has the 80 classes of COCO.");
        }

        return classCount is null || classCount == labels.Count
            ? labels
            : throw new ModelCommandException(string.Create(
                CultureInfo.InvariantCulture,
                $"The model has {classCount} classes, but {origin} has {labels.Count} labels. Give a file with "
                + $"{classCount} lines, one label for each class in its order, with --labels."));
    }

    [GeneratedRegex("""(?<id>[0-9]{1,6})\s*:\s*(?:'(?<label>(?:[^'\\]|\\.)*)'|"(?<label>(?:[^"\\]|\\.)*)")""")]
    private static partial Regex Name();

    [GeneratedRegex(@"\\(.)")]
    private static partial Regex Escape();
}
