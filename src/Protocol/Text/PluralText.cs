using System.Globalization;

namespace ForegSyte.Protocol.Text;

/// <summary>Numbers of things.</summary>
public static class PluralText
{
    private static readonly Dictionary<string, string> Irregular = new(StringComparer.Ordinal)
    {
        ["broccoli"] = "broccoli",
        ["knife"] = "knives",
        ["mouse"] = "mice",
        ["scissors"] = "scissors",
        ["sheep"] = "sheep",
        ["skis"] = "skis",
    };

    /// <summary>
    /// For example "1 person", "7 persons" or "2 buses". A label that is not made of lower-case English letters is not
    /// changed: "2 x Lkw".
    /// </summary>
    public static string Of(long count, string label)
    {
        var what = count == 1 ? label : IsEnglish(label) ? Plural(label) : $"x {label}";
        return string.Create(CultureInfo.InvariantCulture, $"{count} {what}");
    }

    private static bool IsEnglish(string label) =>
        label.Length > 0 && label.All(letter => char.IsAsciiLetterLower(letter) || letter == ' ');

    private static string Plural(string label) => label switch
    {
        _ when Irregular.TryGetValue(label, out var plural) => plural,
        [.., 's' or 'x' or 'z'] or [.., 'c' or 's', 'h'] => label + "es",
        [.., not ('a' or 'e' or 'i' or 'o' or 'u'), 'y'] => label[..^1] + "ies",
        _ => label + "s",
    };
}
