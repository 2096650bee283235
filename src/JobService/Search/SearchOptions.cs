using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Search;

/// <summary>The index of tracks and the limits of searches. Section "Search".</summary>
internal sealed class SearchOptions
{
    public const string Section = "Search";

    /// <summary>The setting of <see cref="TimeLimit"/>, as errors name it.</summary>
    public const string TimeLimitKey = "Search:TimeLimit";

    /// <summary>Upper end of the range of <see cref="MaxTracksOfJob"/>.</summary>
    public const int MaxMaxTracksOfJob = 500_000;

    /// <summary>
    /// Maximum number of object tracks, and of text tracks, of a job that can be found: those with the smallest
    /// track_id. Above it the service logs a warning and leaves the others out; ListObjectTracks and ListTextTracks
    /// have them. The tracks of one job are in memory while it is indexed, about 1 KiB each.
    /// </summary>
    /// <value>1 to 500000; 10000 by default.</value>
    [Range(1, MaxMaxTracksOfJob)]
    [Limit("tracks", "Object tracks, and text tracks, of a job that searches find; others are left out.")]
    public int MaxTracksOfJob { get; set; } = 10_000;

    /// <summary>How long a search can take, with the wait for a connection.</summary>
    /// <value>100 ms to 10 minutes; 5 s by default.</value>
    [TimeRange("00:00:00.1", "00:10:00")]
    [Limit("", "How long a search can take.", Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Interval at which the leader looks for completed jobs that are not indexed. It hears of most completions at
    /// once; those that another node completed while the connection was lost wait for this.
    /// </summary>
    /// <value>100 ms to 1 hour; 5 s by default.</value>
    [TimeRange("00:00:00.1", "01:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the index waits before it tries a job again whose tracks it could not read; doubled with each failure,
    /// up to 1 hour.
    /// </summary>
    /// <value>100 ms to 1 hour; 10 s by default.</value>
    [TimeRange("00:00:00.1", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(10);
}
