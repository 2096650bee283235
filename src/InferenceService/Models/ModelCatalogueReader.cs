using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ForegSyte.Inference.Models;

/// <summary>
/// Reads models.json strictly: an unknown field, threshold or family is an error, and every problem of the file is
/// told at once, with the entry that it is in.
/// </summary>
internal static partial class ModelCatalogueReader
{
    /// <summary>Largest catalogue that is read, in bytes.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    /// <summary>Most entries of a catalogue.</summary>
    public const int MaxEntries = 256;

    /// <summary>Largest side of a model's input, in pixels.</summary>
    public const int MaxInputSide = 4096;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        AllowDuplicateProperties = false,
    };

    /// <summary>Reads a catalogue file.</summary>
    /// <exception cref="ModelCatalogueException">The file is missing, too large or wrong.</exception>
    public static ModelCatalogue Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new ModelCatalogueException(path,
                ["The file does not exist. Set Models:CataloguePath to one that does."]);
        }

        if (file.Length > MaxFileBytes)
        {
            throw new ModelCatalogueException(path, [$"It has {file.Length} bytes; at most {MaxFileBytes} are read."]);
        }

        var problems = new List<string>();
        var entries = Parse(File.ReadAllBytes(path), Path.GetDirectoryName(file.FullName)!, problems);
        return problems.Count == 0 ? new ModelCatalogue(entries) : throw new ModelCatalogueException(path, problems);
    }

    /// <summary>
    /// Parses a catalogue; adds what is wrong to <paramref name="problems"/> and returns the sound entries.
    /// </summary>
    /// <param name="json">UTF-8 text of the catalogue.</param>
    /// <param name="folder">Absolute path of the folder that relative paths start from.</param>
    /// <param name="problems">Receives every problem.</param>
    internal static List<ModelEntry> Parse(ReadOnlyMemory<byte> json, string folder, List<string> problems)
    {
        var entries = new List<ModelEntry>();
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            foreach (var (element, index) in Elements(document.RootElement, problems).Select((item, i) => (item, i)))
            {
                if (ParseEntry(element, index, folder, problems) is { } entry)
                {
                    entries.Add(entry);
                }
            }
        }
        catch (JsonException failure)
        {
            problems.Add($"It is not JSON: {failure.Message}");
        }

        foreach (var id in entries.CountBy(entry => entry.Id).Where(pair => pair.Value > 1).Select(pair => pair.Key))
        {
            problems.Add($"Entry '{id}': the id is used more than once. Give each model its own.");
        }

        return entries;
    }

    private static JsonElement[] Elements(JsonElement root, List<string> problems)
    {
        if (root.ValueKind != JsonValueKind.Object
            || root.EnumerateObject().Any(property => property.Name != "models")
            || !root.TryGetProperty("models", out var models)
            || models.ValueKind != JsonValueKind.Array)
        {
            problems.Add("It has to be an object with one field, \"models\", that is a list of entries.");
            return [];
        }

        if (models.GetArrayLength() is 0 or > MaxEntries)
        {
            problems.Add($"It has {models.GetArrayLength()} entries; 1 to {MaxEntries} are allowed.");
            return [];
        }

        return [.. models.EnumerateArray()];
    }

    private static ModelEntry? ParseEntry(JsonElement element, int index, string folder, List<string> problems)
    {
        var name = $"Entry {index}";
        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("id", out var id))
        {
            name = $"Entry '{id}'";
        }

        try
        {
            var before = problems.Count;
            var document = element.Deserialize<ModelEntryDocument>(Json)
                ?? throw new JsonException("it is null.");
            var rules = CheckTexts(document, name, problems);
            if (rules is not null)
            {
                CheckInput(document, rules, name, problems);
                CheckThresholds(document, rules, name, problems);
            }

            return problems.Count == before && rules is not null ? ToEntry(document, rules, folder) : null;
        }
        catch (JsonException failure)
        {
            problems.Add($"{name}: {failure.Message}");
            return null;
        }
    }

    private static FamilyRules? CheckTexts(ModelEntryDocument document, string name, List<string> problems)
    {
        if (!IdForm().IsMatch(document.Id ?? ""))
        {
            problems.Add($"{name}: id has to be a lower-case letter and then at most 62 of a-z, 0-9 and _.");
        }

        if (!Sha256Form().IsMatch(document.Sha256 ?? ""))
        {
            problems.Add($"{name}: sha256 has to be 64 lower-case hexadecimal digits, as sha256sum prints them.");
        }

        foreach (var (field, value) in
            new[] { ("file", document.File), ("license", document.License), ("source", document.Source) })
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                problems.Add($"{name}: {field} is required.");
            }
        }

        if (FamilyRules.ByName.TryGetValue(document.Family ?? "", out var rules))
        {
            return rules;
        }

        problems.Add($"{name}: family '{document.Family}' is not known; it has to be one of {FamilyRules.AllNames}.");
        return null;
    }

    private static void CheckInput(ModelEntryDocument document, FamilyRules rules, string name, List<string> problems)
    {
        CheckSide("width", document.Input?.Width, rules.NeedsInputWidth);
        CheckSide("height", document.Input?.Height, rules.NeedsInputHeight);
        if (rules.NeedsLabels == string.IsNullOrWhiteSpace(document.LabelsFile))
        {
            problems.Add(rules.NeedsLabels
                ? $"{name}: labels_file is required for the family {rules.Name}."
                : $"{name}: the family {rules.Name} has no labels; remove labels_file.");
        }

        void CheckSide(string side, int? value, bool needed)
        {
            if (!needed && value is not null)
            {
                problems.Add($"{name}: the family {rules.Name} takes any {side}; remove input.{side}.");
            }
            else if (needed && value is not (>= 1 and <= MaxInputSide))
            {
                problems.Add(
                    $"{name}: input.{side} is required for the family {rules.Name}, 1 to {MaxInputSide} pixels.");
            }
        }
    }

    private static void CheckThresholds(
        ModelEntryDocument document, FamilyRules rules, string name, List<string> problems)
    {
        foreach (var (threshold, value) in document.Thresholds ?? [])
        {
            var rule = rules.Thresholds.FirstOrDefault(rule => rule.Name == threshold);
            if (rule is null)
            {
                var known = string.Join(", ", rules.Thresholds.Select(known => known.Name));
                problems.Add($"{name}: the family {rules.Name} has no threshold '{threshold}'; it has {known}.");
            }
            else if (!rule.Allows(value))
            {
                problems.Add(FormattableString.Invariant(
                    $"{name}: threshold {threshold} is {value}; it has to be {rule.Minimum} to {rule.Maximum}."));
            }
        }
    }

    private static ModelEntry ToEntry(ModelEntryDocument document, FamilyRules rules, string folder) => new(
        document.Id!,
        rules.Family,
        Path.GetFullPath(document.File!, folder),
        document.Sha256!,
        document.License!,
        document.Source!,
        document.Input?.Width ?? 0,
        document.Input?.Height ?? 0,
        document.LabelsFile is null ? null : Path.GetFullPath(document.LabelsFile, folder),
        ToThresholds(document.Thresholds ?? [], rules));

    private static FrozenDictionary<string, float> ToThresholds(Dictionary<string, float> given, FamilyRules rules)
    {
        var thresholds = new Dictionary<string, float>();
        foreach (var rule in rules.Thresholds)
        {
            if (given.TryGetValue(rule.Name, out var value))
            {
                thresholds.Add(rule.Name, value);
            }
            else if (rule.Default is { } usual)
            {
                thresholds.Add(rule.Name, usual);
            }
        }

        return thresholds.ToFrozenDictionary();
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex IdForm();

    [GeneratedRegex(@"^[0-9a-f]{64}\z")]
    private static partial Regex Sha256Form();
}
