using System.Collections;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ForegSyte.Jobs;

/// <summary>
/// The tags of a job, ordered by key so that equal tags have equal bytes. Immutable; equal if keys and values are.
/// </summary>
internal sealed partial class JobTags : IReadOnlyCollection<KeyValuePair<string, string>>, IEquatable<JobTags>
{
    /// <summary>Maximum number of tags of a job.</summary>
    public const int MaxCount = 32;

    /// <summary>Maximum length of a key in characters.</summary>
    public const int MaxKeyLength = 63;

    /// <summary>Maximum length of a value in code points.</summary>
    public const int MaxValueLength = 255;

    /// <summary>No tags.</summary>
    public static readonly JobTags Empty = new([]);

    private readonly ImmutableSortedDictionary<string, string> _tags;

    /// <summary>Takes tags with different keys in any order.</summary>
    public JobTags(IEnumerable<KeyValuePair<string, string>> tags) =>
        _tags = tags.ToImmutableSortedDictionary(StringComparer.Ordinal);

    public int Count => _tags.Count;

    /// <summary>The value of a tag; null if the job has no such tag.</summary>
    public string? Find(string key) => _tags.GetValueOrDefault(key);

    /// <summary>Whether a key has a valid form: a lower-case letter, then letters, digits, "_" or "-".</summary>
    public static bool IsKey(string text) => KeyForm().IsMatch(text);

    /// <summary>The tags as a JSON object; null if there are none.</summary>
    public string? ToJson() => Count == 0 ? null : JsonSerializer.Serialize(_tags);

    /// <summary>Parses the result of <see cref="ToJson"/>.</summary>
    public static JobTags FromJson(string? json) =>
        json is null ? Empty : new JobTags(JsonSerializer.Deserialize<Dictionary<string, string>>(json)!);

    /// <inheritdoc />
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _tags.GetEnumerator();

    /// <inheritdoc />
    public bool Equals(JobTags? other) => other is not null && _tags.SequenceEqual(other._tags);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as JobTags);

    /// <inheritdoc />
    public override int GetHashCode() => Count;

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    [GeneratedRegex(@"^[a-z][a-z0-9_-]{0,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex KeyForm();
}
