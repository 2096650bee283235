using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>The connection to PostgreSQL and the limits of its writer. Section "PostgreSql".</summary>
internal sealed class PostgresOptions
{
    public const string Section = "PostgreSql";

    /// <value>
    /// Npgsql's connection string, for example "Host=db;Database=foregsyte;Username=foregsyte;SSL Mode=VerifyFull".
    /// Required with Store=PostgreSql; a secret if it has a password.
    /// </value>
    [Secret]
    public string ConnectionString { get; set; } = "";

    /// <value>
    /// Absolute path of a file with the password; each new connection reads it. Default: empty, the password is in the
    /// connection string or not needed.
    /// </value>
    public string PasswordFile { get; set; } = "";

    /// <value>
    /// Maximum number of pooled connections of this process. One more listens for changes and holds the lock of the
    /// leader, and the migrations at the start take two more. Default 20.
    /// </value>
    [Range(5, 1_000)]
    [Limit("connections", "Pooled connections of this process to PostgreSQL; further statements wait for one.")]
    public int MaxConnections { get; set; } = 20;

    /// <value>How long a connection may take. Default 5 s.</value>
    [TimeRange("00:00:01", "00:05:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>How long a statement may take; then its connection counts as lost. Default 30 s.</value>
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>Number of concurrent commits. Default 2; changes that arrive meanwhile form the next commit.</value>
    [Range(1, 16)]
    [Limit("commits", "Commits of this process at the same time; further changes wait.")]
    public int ConcurrentCommits { get; set; } = 2;

    /// <value>Maximum number of changes in one commit. Default 512.</value>
    [Range(1, 8_192)]
    [Limit("changes", "Changes per commit in PostgreSQL; further ones go into the next.")]
    public int MaxCommitChanges { get; set; } = 512;

    /// <value>Capacity of the write queue; further callers wait until it has room. Default 1024.</value>
    [Range(1, 65_536)]
    [Limit("changes", "Queued changes for PostgreSQL; at the limit callers wait.")]
    public int WriteQueueCapacity { get; set; } = 1_024;

    /// <value>
    /// Interval at which this process looks for work, measures the server's clock and tries to become the leader; a
    /// notification makes it look at once. Default 1 s.
    /// </value>
    [TimeRange("00:00:00.050", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <value>
    /// How long a writer of an ended process keeps its own rows of the usage of tenants before the leader adds them up.
    /// Default 1 hour.
    /// </value>
    [TimeRange("00:01:00", "30.00:00:00")]
    public TimeSpan WriterExpiry { get; set; } = TimeSpan.FromHours(1);
}
