using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.Protocol.Text;

namespace ForegSyte.Hosting.Limits;

/// <summary>Reads limits from <see cref="LimitAttribute"/>s.</summary>
public static class LimitReader
{
    private const BindingFlags Members =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    /// <summary>The limits of an options class.</summary>
    /// <param name="section">Name of the section.</param>
    /// <param name="options">The options.</param>
    public static IEnumerable<ServiceLimit> OfOptions(string section, object options) =>
        from property in options.GetType().GetProperties(Members)
        let limit = property.GetCustomAttribute<LimitAttribute>()
        where limit is not null
        select Make(limit, $"{section}:{property.Name}", property.GetValue(options), RangeOf(property));

    /// <summary>The limits among the constants of a type.</summary>
    public static IEnumerable<ServiceLimit> OfConstants(Type type) =>
        from field in type.GetFields(Members)
        let limit = field.GetCustomAttribute<LimitAttribute>()
        where limit is not null
        select Make(limit, limit.Name ?? field.Name, field.GetValue(null), "");

    private static ServiceLimit Make(LimitAttribute limit, string name, object? value, string range) =>
        new(name, Text(value), limit.Unit, range, limit.Description, limit.Reason);

    /// <summary>The range of an option, for example "1 to 100" or "1s to 1h"; empty for none.</summary>
    internal static string RangeOf(PropertyInfo property)
    {
        if (property.GetCustomAttribute<TimeRangeAttribute>() is { } time)
        {
            return $"{Text(time.Minimum)} to {Text(time.Maximum)}";
        }

        return property.GetCustomAttribute<RangeAttribute>() is { } range
            ? $"{Text(range.Minimum)} to {Text(range.Maximum)}"
            : "";
    }

    private static string Text(object? value) => value switch
    {
        // RangeAttribute has durations as text; they are formatted like the others.
        string text when TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) =>
            DurationText.Format(time),
        TimeSpan time => DurationText.Format(time),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
