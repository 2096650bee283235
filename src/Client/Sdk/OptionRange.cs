namespace ForegSyte.Client;

/// <summary>Checks settings, and names the one that is wrong.</summary>
internal static class OptionRange
{
    /// <exception cref="ArgumentException">It is less.</exception>
    public static void RequireAtLeast(TimeSpan value, TimeSpan least, string name)
    {
        if (value < least)
        {
            throw new ArgumentException($"{name} has to be at least {least}, not {value}.");
        }
    }

    /// <exception cref="ArgumentException">It lies outside.</exception>
    public static void RequireBetween(int value, int least, int most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentException(FormattableString.Invariant(
                $"{name} has to be between {least} and {most}, not {value}."));
        }
    }
}
