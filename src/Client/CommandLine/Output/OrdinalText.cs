using System.Globalization;

namespace ForegSyte.CommandLine.Output;

/// <summary>Places in a row, in words.</summary>
internal static class OrdinalText
{
    /// <summary>For example "1st", "12th" or "23rd".</summary>
    public static string Of(int number)
    {
        var suffix = (number % 100, number % 10) switch
        {
            (11 or 12 or 13, _) => "th",
            (_, 1) => "st",
            (_, 2) => "nd",
            (_, 3) => "rd",
            _ => "th",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{number}{suffix}");
    }
}
