using System.Text.Json.Serialization;

namespace ForegSyte.JobBenchmarks.Load;

/// <summary>What a load came to.</summary>
/// <param name="Calls">Calls that were answered well.</param>
/// <param name="Failures">Calls that failed; a caller whose call fails stops.</param>
/// <param name="FirstFailure">The first failure in words; empty where there was none.</param>
/// <param name="Elapsed">From the first call to the last answer.</param>
/// <param name="Median">Half of the calls took at most this.</param>
/// <param name="P99">99 of 100 calls took at most this.</param>
internal sealed record LoadResult(
    int Calls, int Failures, string FirstFailure, TimeSpan Elapsed, TimeSpan Median, TimeSpan P99)
{
    /// <summary>Processor time that the server spent on a call; zero where it was not measured.</summary>
    public TimeSpan ServerTimePerCall { get; init; }

    /// <summary>Calls answered in a second.</summary>
    [JsonIgnore]
    public double PerSecond => Calls / Elapsed.TotalSeconds;

    /// <summary>This result, or an exception where calls failed: such a figure says nothing.</summary>
    public LoadResult Clean() => Failures == 0 && Calls > 0
        ? this
        : throw new InvalidOperationException($"{Failures} calls failed, {Calls} did not: {FirstFailure}");
}
