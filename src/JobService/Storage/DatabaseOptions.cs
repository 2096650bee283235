using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Jobs.Storage;

/// <summary>Where jobs are kept, and what DuckDB may use. Section "Database".</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Database";

    /// <summary>File name of the database under DataDirectory.</summary>
    public const string DefaultFileName = "foregsyte.duckdb";

    /// <value>Absolute path of the database file. Default: foregsyte.duckdb in DataDirectory.</value>
    [Required]
    public string Path { get; set; } = "";

    /// <value>
    /// How long a start waits while another process has the database. Default 0, which refuses the start at once; a
    /// supervisor that replaces one process by the next gives it more than Stop:GraceTime and Stop:CancelTime.
    /// </value>
    [TimeRange("00:00:00", "1.00:00:00")]
    [Limit("", "How long a start waits while another process has the database; past it the start is refused.")]
    public TimeSpan LockTimeout { get; set; } = TimeSpan.Zero;

    /// <value>Most memory of DuckDB. Default 256 MiB; DuckDB's own default is 80 % of the machine.</value>
    [Range(64, 1_048_576)]
    [Limit("MiB", "Memory of the database; past it DuckDB writes to temporary files.")]
    public int MemoryLimitMib { get; set; } = 256;

    /// <value>Threads of DuckDB. Default 2: point reads and one-row commits gain nothing from more.</value>
    [Range(1, 256)]
    [Limit("threads", "Threads of the database.")]
    public int Threads { get; set; } = 2;

    /// <value>
    /// Size of the write-ahead log at which a commit also writes a checkpoint. Default 16 MiB: at 1 MiB the slowest
    /// percent of commits took 50 ms; replay after a crash costs about 0.2 ms a commit.
    /// </value>
    [Range(1, 1_024)]
    [Limit("MiB", "Write-ahead log; past it a commit also writes a checkpoint.")]
    public int WalAutocheckpointMib { get; set; } = 16;

    /// <value>Connections that read side by side. Default 2. Each blocks one thread while it reads.</value>
    [Range(1, 64)]
    [Limit("connections", "Reads of the database at the same time; others wait.")]
    public int ReadConnections { get; set; } = 2;

    /// <value>Changes that wait for the writer; more callers wait without a place. Default 1024.</value>
    [Range(1, 65_536)]
    [Limit("changes", "Changes that wait for the writer; more callers wait without a place.")]
    public int WriteQueueCapacity { get; set; } = 1_024;

    /// <value>
    /// Most changes that one commit takes. Default 512: beyond that a commit takes longer and gains little.
    /// </value>
    [Range(1, 8_192)]
    [Limit("changes", "Changes that one commit takes; others are in the next one.")]
    public int MaxCommitChanges { get; set; } = 512;

    /// <value>
    /// Terminal jobs that are kept in memory beside the unfinished ones, which all are. Default 10000, a few KiB each.
    /// </value>
    [Range(1, 1_000_000)]
    [Limit("jobs", "Jobs that have ended and are kept in memory; others are read from the database.")]
    public int CachedJobs { get; set; } = 10_000;

    /// <value>
    /// How long nothing is written before a checkpoint is. Default 5 s; a start then has nothing to replay.
    /// </value>
    [TimeRange("00:00:00.1", "1.00:00:00")]
    public TimeSpan IdleCheckpointDelay { get; set; } = TimeSpan.FromSeconds(5);
}
