using ForegSyte.JobBenchmarks.Load;
using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Measuring;

/// <summary>What several rounds of load come to.</summary>
internal static class LoadRounds
{
    /// <summary>The middle rate, in calls a second.</summary>
    public static double MedianPerSecond(this IEnumerable<LoadResult> results) =>
        results.Select(result => result.PerSecond).Median();

    /// <summary>The middle processor time of a call at the server, in microseconds.</summary>
    public static double MedianServerMicroseconds(this IEnumerable<LoadResult> results) =>
        results.Select(result => result.ServerTimePerCall.TotalMicroseconds).Median();
}
