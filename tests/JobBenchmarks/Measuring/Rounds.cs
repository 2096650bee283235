using ForegSyte.JobBenchmarks.Load;

namespace ForegSyte.JobBenchmarks.Measuring;

/// <summary>Values of the same measurement in several rounds.</summary>
internal static class Rounds
{
    /// <summary>Rounds of every measurement.</summary>
    public const int Count = 3;

    /// <summary>The middle value; the larger one of the two in the middle of an even number.</summary>
    public static double Median(this IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    /// <summary>The middle rate, in calls a second.</summary>
    public static double MedianPerSecond(this IEnumerable<LoadResult> results) =>
        results.Select(result => result.PerSecond).Median();

    /// <summary>The middle processor time of a call at the server, in microseconds.</summary>
    public static double MedianServerMicroseconds(this IEnumerable<LoadResult> results) =>
        results.Select(result => result.ServerTimePerCall.TotalMicroseconds).Median();
}
