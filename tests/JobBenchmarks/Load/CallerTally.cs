namespace ForegSyte.JobBenchmarks.Load;

/// <summary>What one caller saw.</summary>
internal sealed class CallerTally
{
    /// <summary>How long each call took that was answered well.</summary>
    public List<TimeSpan> Took { get; } = [];

    /// <summary>Jobs that it was told of, with the timestamp of the answer.</summary>
    public List<(long Answered, string JobId)> JobIds { get; } = [];

    /// <summary>Why it stopped early; empty where it did not.</summary>
    public string Failure { get; set; } = "";
}
