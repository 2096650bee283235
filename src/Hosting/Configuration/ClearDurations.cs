using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// Refuses durations that .NET reads as days without a word: 168:00:00 as 168 days, 30 as 30 days. A limit that is 24
/// times as long as its operator believes is no limit.
/// </summary>
/// <param name="section">Name of the section.</param>
/// <param name="configuration">The configuration.</param>
internal sealed class ClearDurations<TOptions>(string section, IConfiguration configuration)
    : IValidateOptions<TOptions>
    where TOptions : class
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var problems = DurationsIn(typeof(TOptions), configuration.GetSection(section))
            .Select(setting => DurationSetting.ProblemOf(setting.Path, setting.Value!))
            .OfType<string>()
            .ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    /// <summary>The configured durations of options, of their nested options and lists.</summary>
    private static IEnumerable<IConfigurationSection> DurationsIn(Type type, IConfigurationSection section)
    {
        if ((Nullable.GetUnderlyingType(type) ?? type) == typeof(TimeSpan))
        {
            return section.Value is null ? [] : [section];
        }

        if (type.IsGenericType)
        {
            // Lists have one child for each item, dictionaries one for each value.
            return section.GetChildren().SelectMany(child => DurationsIn(type.GetGenericArguments()[^1], child));
        }

        return type.Namespace?.StartsWith(nameof(ForegSyte), StringComparison.Ordinal) == true && type.IsClass
            ? type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.GetIndexParameters().Length == 0)
                .SelectMany(property => DurationsIn(property.PropertyType, section.GetSection(property.Name)))
            : [];
    }
}

/// <summary>The texts of durations.</summary>
internal static partial class DurationSetting
{
    /// <summary>What is wrong with a configured duration and what to write; null if its meaning is clear.</summary>
    /// <param name="key">Name of the setting.</param>
    /// <param name="text">Its text.</param>
    public static string? ProblemOf(string key, string text)
    {
        if (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time)
            || time.Days == 0
            || WithDays().IsMatch(text))
        {
            return null;
        }

        // People mean hours by the number before the first colon, and seconds by a number alone.
        var first = Numbers().Match(text).Value;
        var (meant, unit) = HoursOf(text) is { } hours
            ? (hours, "hours")
            : (TimeSpan.FromSeconds(Math.Abs(time.Days)), "seconds");
        return $"{key} is '{text}'. Write {meant:c} if {first} means {unit}, or {time:c} if it means days.";
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
