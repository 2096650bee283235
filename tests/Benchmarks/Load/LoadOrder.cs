using System.Text.Json.Serialization;

namespace ForegSyte.Benchmarks.Load;

/// <summary>The call that a load repeats.</summary>
internal enum CallKind
{
    /// <summary>The gRPC echo.</summary>
    Echo,

    /// <summary>SubmitVideo with the video as content and without a request_id.</summary>
    Submit,

    /// <summary>GetJob of a random id of the order.</summary>
    Get,

    /// <summary>The first page of ListJobs, with the default size.</summary>
    List,
}

/// <summary>Orders a load: concurrent callers that each make one call after the other.</summary>
internal sealed record LoadOrder
{
    /// <summary>Address of the server.</summary>
    public required Uri Address { get; init; }

    public required CallKind Call { get; init; }

    /// <summary>Number of callers.</summary>
    public required int Concurrency { get; init; }

    /// <summary>Time after which no call starts.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Maximum number of calls in total.</summary>
    public int MaxCalls { get; init; } = int.MaxValue;

    /// <summary>Echo only: size of a request.</summary>
    public int RequestBytes { get; init; }

    /// <summary>Echo only: size of an answer.</summary>
    public int ResponseBytes { get; init; }

    /// <summary>Submit only: path of the video.</summary>
    public string VideoPath { get; init; } = "";

    /// <summary>Get only: path of a file with one job id per line.</summary>
    public string JobIdsPath { get; init; } = "";

    /// <summary>Get only: each id once and in order instead of at random.</summary>
    public bool EachOnce { get; init; }

    /// <summary>Submit only: file that receives the ids of the acknowledged jobs, one per line.</summary>
    public string AcknowledgedPath { get; init; } = "";
}

/// <summary>Result of a load.</summary>
/// <param name="Calls">Calls that succeeded.</param>
/// <param name="Failures">Calls that failed; a caller stops at its first failure.</param>
/// <param name="FirstFailure">Status of the first failure; empty if there is none.</param>
/// <param name="Elapsed">Time from the first call to the last answer.</param>
/// <param name="Median">Median time of a call.</param>
/// <param name="P99">99th percentile of the time of a call.</param>
internal sealed record LoadResult(
    int Calls, int Failures, string FirstFailure, TimeSpan Elapsed, TimeSpan Median, TimeSpan P99)
{
    /// <summary>Processor time of the server per call; zero if it was not measured.</summary>
    public TimeSpan ServerTimePerCall { get; init; }

    [JsonIgnore]
    public double PerSecond => Calls / Elapsed.TotalSeconds;

    /// <summary>Returns this result; throws if a call failed, since the figures then mean nothing.</summary>
    public LoadResult Clean() => Failures == 0 && Calls > 0
        ? this
        : throw new InvalidOperationException($"{Failures} calls failed, {Calls} succeeded: {FirstFailure}");
}

/// <summary>Medians over several rounds of load.</summary>
internal static class LoadRounds
{
    /// <summary>Calls per second.</summary>
    public static double MedianPerSecond(this IEnumerable<LoadResult> results) =>
        results.Select(result => result.PerSecond).Median();

    /// <summary>Processor time of the server per call, in microseconds.</summary>
    public static double MedianServerMicroseconds(this IEnumerable<LoadResult> results) =>
        results.Select(result => result.ServerTimePerCall.TotalMicroseconds).Median();

    /// <summary>99th percentile of the time of a call, in milliseconds.</summary>
    public static double MedianP99Milliseconds(this IEnumerable<LoadResult> results) =>
        results.Select(result => result.P99.TotalMilliseconds).Median();
}
