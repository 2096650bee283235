using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ForegSyte.Protocol.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// Binds options, and reads durations ("7d 12h") and sizes ("500MiB") as people write them. Durations as .NET writes
/// them ([d.]hh:mm:ss) and plain numbers of bytes remain valid, unless they mislead.
/// </summary>
public static class SettingBinder
{
    /// <summary>Sets the options to the configured values; the others keep their values.</summary>
    /// <param name="section">The section.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="OptionsValidationException">A duration or size is invalid; the failures name it.</exception>
    public static void Bind(IConfigurationSection section, object options)
    {
        var problems = new List<string>();
        var values = new Dictionary<string, string?>();
        Read(section, options.GetType(), unit: null, values, problems);
        if (problems.Count > 0)
        {
            throw new OptionsValidationException(section.Path, options.GetType(), problems);
        }

        new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection(section.Path).Bind(options);
    }

    /// <summary>
    /// Copies the values of a section, and rewrites durations and sizes as the binder of .NET reads them.
    /// </summary>
    private static void Read(
        IConfigurationSection section, Type type, long? unit, Dictionary<string, string?> values, List<string> problems)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        var children = section.GetChildren().ToList();
        if (section.Value is not null || children.Count == 0)
        {
            if (!section.Exists())
            {
                return;
            }

            var (value, problem) = Convert(section.Path, section.Value, plain, unit);
            values[section.Path] = value;
            problems.AddRange(problem is null ? [] : [problem]);
        }

        foreach (var child in children)
        {
            if (plain.IsGenericType || plain.IsArray)
            {
                // Lists have one child for each item, dictionaries one for each value.
                Read(child, plain.IsArray ? plain.GetElementType()! : plain.GetGenericArguments()[^1], null, values,
                    problems);
            }
            else
            {
                var property = plain.GetProperty(
                    child.Key, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase);
                Read(
                    child, property?.PropertyType ?? typeof(string),
                    property is null ? null : SizeSetting.UnitOf(property), values, problems);
            }
        }
    }

    private static (string? Value, string? Problem) Convert(string path, string? text, Type type, long? unit)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return (text, null);
        }

        if (type == typeof(TimeSpan))
        {
            return DurationText.TryParse(text, out var time)
                ? (time.ToString("c", CultureInfo.InvariantCulture), null)
                : (text, DurationSetting.ProblemOf(path, text));
        }

        return unit is { } bytes && text.Any(char.IsLetter)
            ? SizeSetting.TryRead(text, bytes, out var count)
                ? (count.ToString(CultureInfo.InvariantCulture), null)
                : (text, SizeSetting.ProblemOf(path, text, bytes))
            : (text, null);
    }
}

/// <summary>The texts of sizes. The name of an option says its unit: MaxVideoBytes, MaxHeaderKibibytes.</summary>
internal static class SizeSetting
{
    private static readonly (string Suffix, long Bytes)[] Units =
        [("Kibibytes", 1L << 10), ("Mebibytes", 1L << 20), ("Bytes", 1), ("Size", 1)];

    /// <summary>Number of bytes that the value of an option counts; null if it is no size.</summary>
    public static long? UnitOf(PropertyInfo property) =>
        (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) is var type
            && (type == typeof(int) || type == typeof(long))
            && Array.Find(Units, unit => property.Name.EndsWith(unit.Suffix, StringComparison.Ordinal)) is
            { Bytes: > 0 } found
                ? found.Bytes
                : null;

    /// <summary>Parses a size with a unit as a number of the option's units.</summary>
    public static bool TryRead(string text, long unit, out long count)
    {
        var isSize = SizeText.TryParse(text, out var bytes);
        count = bytes / unit;
        return isSize && bytes % unit == 0;
    }

    /// <summary>What is wrong with a configured size, and what to write.</summary>
    public static string ProblemOf(string key, string text, long unit) =>
        $"{key} is '{text}'; it must be {SizeText.Form}"
        + (unit == 1 ? "." : $", and a multiple of {SizeText.Format(unit)}.");

    /// <summary>The value of an option as a size; 0 stays 0, because it often means "no limit".</summary>
    public static string Format(long count, long unit) =>
        count <= 0 ? count.ToString(CultureInfo.InvariantCulture) : SizeText.Format(count * unit);
}

/// <summary>
/// The durations of .NET, which reads some as days without a word: 168:00:00 as 168 days, 30 as 30 days. A limit that
/// is 24 times as long as its operator believes is no limit.
/// </summary>
internal static partial class DurationSetting
{
    /// <summary>
    /// What is wrong with a duration that has no units, and what to write; null if it is [d.]hh:mm:ss with a clear
    /// meaning.
    /// </summary>
    /// <param name="key">Name of the setting.</param>
    /// <param name="text">Its text.</param>
    public static string? ProblemOf(string key, string text)
    {
        if (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time))
        {
            return $"{key} is '{text}'; it must be {DurationText.Form}.";
        }

        if (time.Days == 0 || WithDays().IsMatch(text))
        {
            return null;
        }

        // People mean hours by the number before the first colon, and seconds by a number alone.
        var first = Numbers().Match(text).Value;
        var (meant, unit) = HoursOf(text) is { } hours
            ? (hours, "hours")
            : (TimeSpan.FromSeconds(Math.Abs(time.Days)), "seconds");
        return $"{key} is '{text}'. Write {DurationText.Format(meant)} if {first} means {unit}, or "
            + $"{DurationText.Format(time)} if it means days.";
    }

    /// <summary>The duration if the first number means hours; null if there is only one number.</summary>
    private static TimeSpan? HoursOf(string text)
    {
        var parts = Numbers().Matches(text).Select(match => long.Parse(match.Value, CultureInfo.InvariantCulture))
            .ToList();
        return parts.Count > 1
            ? new TimeSpan(0, (int)parts[0], (int)parts[1], (int)parts.ElementAtOrDefault(2))
            : null;
    }

    /// <summary>Days before a full stop, or before the three other numbers.</summary>
    [GeneratedRegex(@"^\s*-?[0-9]+(\.[0-9]+:|:[0-9]+:[0-9]+:[0-9]+)")]
    private static partial Regex WithDays();

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Numbers();
}
