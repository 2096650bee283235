using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace ForegSyte.Inference.Models;

/// <summary>Location of the models; the section "Models".</summary>
internal sealed class ModelsOptions
{
    public const string Section = "Models";

    /// <summary>Path of the model catalogue; a relative path starts at the data folder.</summary>
    /// <value>The default is "models/models.json".</value>
    [Required]
    public string CataloguePath { get; set; } = "models/models.json";
}

/// <summary>The model catalogue is invalid. The message lists every problem; the service does not start.</summary>
/// <param name="path">Path of the catalogue.</param>
/// <param name="problems">At least one problem, each a full sentence.</param>
internal sealed class ModelCatalogueException(string path, IReadOnlyList<string> problems)
    : Exception($"The model catalogue {path} is invalid:\n- {string.Join("\n- ", problems)}")
{
    /// <summary>Each problem, a full sentence.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}

/// <summary>
/// Reads models.json strictly: an unknown field, threshold or family is an error. All problems are reported together,
/// each with its entry.
/// </summary>
internal static partial class ModelCatalogueReader
{
    /// <summary>Maximum size of a catalogue in bytes.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    /// <summary>Maximum number of entries in a catalogue.</summary>
    public const int MaxEntries = 256;

    /// <summary>Maximum side of a model input in pixels.</summary>
    public const int MaxInputSide = 4096;

    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        AllowDuplicateProperties = false,
    };

    /// <summary>
    /// Path of the user's own entries beside a catalogue: models.local.json beside models.json. An update of the
    /// catalogue leaves them as they are.
    /// </summary>
    public static string OwnEntriesOf(string path) =>
        Path.ChangeExtension(path, ".local" + Path.GetExtension(path));

    /// <summary>Reads a catalogue file, and the user's own entries if there are some.</summary>
    /// <exception cref="ModelCatalogueException">A file is missing, too large or invalid.</exception>
    public static ModelCatalogue Read(string path)
    {
        var choices = new List<ModelChoice>();
        var entries = ReadFile(path, choices);
        var ownPath = OwnEntriesOf(path);
        if (File.Exists(ownPath))
        {
            var own = ReadFile(ownPath, choices: null);
            var names = entries.Select(entry => entry.Id).Concat(choices.Select(choice => choice.Id));
            var shared = own.Select(entry => entry.Id).Intersect(names).ToList();
            if (shared.Count > 0)
            {
                throw new ModelCatalogueException(
                    ownPath,
                    [.. shared.Select(id => $"Entry '{id}': {path} has this id too. Give the model another id.")]);
            }

            entries.AddRange(own);
        }

        return new ModelCatalogue(entries, choices);
    }

    private static List<ModelEntry> ReadFile(string path, List<ModelChoice>? choices)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new ModelCatalogueException(path,
                ["The file does not exist. Set Models:CataloguePath to an existing file."]);
        }

        if (file.Length > MaxFileBytes)
        {
            throw new ModelCatalogueException(
                path, [$"The file has {file.Length} bytes; the limit is {MaxFileBytes}."]);
        }

        var problems = new List<string>();
        var entries = Parse(File.ReadAllBytes(path), Path.GetDirectoryName(file.FullName)!, problems, choices);
        return problems.Count == 0 ? entries : throw new ModelCatalogueException(path, problems);
    }

    /// <summary>
    /// Parses a catalogue, adds every problem to <paramref name="problems"/> and returns the valid entries.
    /// </summary>
    /// <param name="json">UTF-8 text of the catalogue.</param>
    /// <param name="folder">Absolute path of the folder at which relative paths start.</param>
    /// <param name="problems">Receives every problem.</param>
    /// <param name="choices">Receives the choices by device; null if the file must have none.</param>
    internal static List<ModelEntry> Parse(
        ReadOnlyMemory<byte> json, string folder, List<string> problems, List<ModelChoice>? choices = null)
    {
        var entries = new List<ModelEntry>();
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            foreach (var (element, index) in Elements(document.RootElement, problems).Select((item, i) => (item, i)))
            {
                if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("on_cpu", out _))
                {
                    ModelChoice.Parse(element, index, problems, choices);
                }
                else if (ParseEntry(element, index, folder, problems) is { } entry)
                {
                    entries.Add(entry);
                }
            }
        }
        catch (JsonException failure)
        {
            problems.Add($"The file is not JSON: {failure.Message}");
        }

        var ids = entries.Select(entry => entry.Id).Concat((choices ?? []).Select(choice => choice.Id));
        foreach (var id in ids.CountBy(id => id).Where(pair => pair.Value > 1).Select(pair => pair.Key))
        {
            problems.Add($"Entry '{id}': the id is used more than once. Give each model a unique id.");
        }

        foreach (var choice in choices ?? [])
        {
            choice.Check(entries, problems);
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
            problems.Add("The file must be an object with one field, \"models\", a list of entries.");
            return [];
        }

        if (models.GetArrayLength() is 0 or > MaxEntries)
        {
            problems.Add($"The file has {models.GetArrayLength()} entries; it must have 1 to {MaxEntries}.");
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
                ?? throw new JsonException("the entry is null.");
            var rules = CheckTexts(document, name, problems);
            if (rules is not null)
            {
                CheckInput(document, rules, name, problems);
                CheckThresholds(document, rules, name, problems);
                CheckLabelConfidence(document, rules, name, problems);
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
            problems.Add($"{name}: id must be a lower-case letter followed by at most 62 of a-z, 0-9 and _.");
        }

        if (!Sha256Form().IsMatch(document.Sha256 ?? ""))
        {
            problems.Add($"{name}: sha256 must be 64 lower-case hexadecimal digits, as printed by sha256sum.");
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

        problems.Add($"{name}: family '{document.Family}' is unknown; it must be one of {FamilyRules.AllNames}.");
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
                problems.Add($"{name}: the family {rules.Name} accepts any {side}; remove input.{side}.");
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
                    $"{name}: threshold {threshold} is {value}; it must be {rule.Minimum} to {rule.Maximum}."));
            }
        }
    }

    private static void CheckLabelConfidence(
        ModelEntryDocument document, FamilyRules rules, string name, List<string> problems)
    {
        var confidence = rules.Role == ModelRole.Detector
            ? rules.Thresholds.First(rule => rule.Name == Thresholds.Confidence)
            : null;
        if (confidence is null && document.LabelConfidence is not null)
        {
            problems.Add($"{name}: the family {rules.Name} detects no objects; remove label_confidence.");
            return;
        }

        foreach (var (label, value) in document.LabelConfidence ?? [])
        {
            if (!confidence!.Allows(value))
            {
                problems.Add(FormattableString.Invariant(
                    $"{name}: label_confidence of '{label}' is {value}; it must be {confidence.Minimum} to ")
                    + FormattableString.Invariant($"{confidence.Maximum}."));
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
        ToThresholds(document.Thresholds ?? [], rules))
    {
        LabelConfidence = (document.LabelConfidence ?? [])
            .ToFrozenDictionary(pair => pair.Key, pair => (float)pair.Value),
    };

    private static FrozenDictionary<string, float> ToThresholds(Dictionary<string, double> given, FamilyRules rules)
    {
        var thresholds = new Dictionary<string, float>();
        foreach (var rule in rules.Thresholds)
        {
            if (given.TryGetValue(rule.Name, out var value))
            {
                thresholds.Add(rule.Name, (float)value);
            }
            else if (rule.Default is { } standard)
            {
                thresholds.Add(rule.Name, (float)standard);
            }
        }

        return thresholds.ToFrozenDictionary();
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_]{0,62}\z")]
    internal static partial Regex IdForm();

    [GeneratedRegex(@"^[0-9a-f]{64}\z")]
    private static partial Regex Sha256Form();
}

/// <summary>An entry of models.json before validation.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ModelEntryDocument
{
    public string? Id { get; init; }

    public string? Family { get; init; }

    /// <summary>Path of the ONNX file, relative to the folder of the catalogue.</summary>
    public string? File { get; init; }

    public string? Sha256 { get; init; }

    public string? License { get; init; }

    public string? Source { get; init; }

    public InputDocument? Input { get; init; }

    /// <summary>Minimum confidence of single labels.</summary>
    public Dictionary<string, double>? LabelConfidence { get; init; }

    /// <summary>Path of the label list, relative to the folder of the catalogue.</summary>
    public string? LabelsFile { get; init; }

    public Dictionary<string, double>? Thresholds { get; init; }

    /// <summary>Size of the model input in pixels.</summary>
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    internal sealed record InputDocument
    {
        public int? Width { get; init; }

        public int? Height { get; init; }
    }
}
