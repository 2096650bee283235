namespace ForegSyte.Measuring;

/// <summary>Values of the same measurement in several rounds.</summary>
public static class Rounds
{
    /// <summary>Rounds of every measurement.</summary>
    public const int Count = 3;

    /// <summary>What a row says where it has another number of rounds than usual; otherwise nothing.</summary>
    public static string Note(int rounds) =>
        rounds == Count ? "" : FormattableString.Invariant($", {rounds} {(rounds == 1 ? "round" : "rounds")}");

    /// <summary>The middle value; the larger one of the two in the middle of an even number.</summary>
    public static double Median(this IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
