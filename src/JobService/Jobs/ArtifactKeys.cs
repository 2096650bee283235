namespace ForegSyte.Jobs;

/// <summary>The storage keys of a job's artifacts.</summary>
internal static class ArtifactKeys
{
    private const string VideoSuffix = ".mp4";
    private const string ResultsSuffix = "_results.json";

    /// <summary>The submitted video.</summary>
    public static string Video(Guid jobId) => jobId + VideoSuffix;

    /// <summary>The results document.</summary>
    public static string Results(Guid jobId) => jobId + ResultsSuffix;

    /// <summary>The job that an artifact belongs to; null where the key is none of a job's.</summary>
    public static Guid? JobOf(string key)
    {
        foreach (var suffix in (ReadOnlySpan<string>)[ResultsSuffix, VideoSuffix])
        {
            if (key.EndsWith(suffix, StringComparison.Ordinal)
                && Guid.TryParseExact(key[..^suffix.Length], "D", out var jobId))
            {
                return jobId;
            }
        }

        return null;
    }
}
