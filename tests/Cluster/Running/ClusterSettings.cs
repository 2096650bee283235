namespace ForegSyte.Cluster.Running;

/// <summary>Where the JobServices keep jobs.</summary>
internal enum StoreKind
{
    /// <summary>A file of one JobService.</summary>
    DuckDb,

    /// <summary>A server that all JobServices share.</summary>
    PostgreSql,
}

/// <summary>Where the JobServices keep videos and results.</summary>
internal enum StorageKind
{
    /// <summary>A folder, which several JobServices share.</summary>
    Local,

    /// <summary>A bucket.</summary>
    S3,
}

/// <summary>The processes of a cluster.</summary>
internal sealed record ClusterSettings
{
    /// <summary>Number of JobServices.</summary>
    public required int Nodes { get; init; }

    /// <summary>Number of InferenceServices.</summary>
    public required int Devices { get; init; }

    /// <summary>Where jobs are.</summary>
    public required StoreKind Store { get; init; }

    /// <summary>Whether the database fails over to a standby (Patroni), in place of a single server.</summary>
    public bool HasStandby { get; init; }

    /// <summary>
    /// Checkout of an earlier version, built, whose JobServices and pipelines the cluster starts with; null for this
    /// version.
    /// </summary>
    public string? PreviousFolder { get; init; }

    /// <summary>Where videos and results are.</summary>
    public required StorageKind Storage { get; init; }

    /// <summary>Time of a simulated device for a segment; null for real InferenceServices on the CPU.</summary>
    public TimeSpan? SegmentTime { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Target number of frames of a segment.</summary>
    public int SegmentFrames { get; init; } = 10;

    /// <summary>Lease of a job; it bounds the time until the jobs of a lost node run elsewhere.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Further settings of every JobService.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Command that starts the node with the index in another environment; empty for none.</summary>
    public Func<int, string[]> Wrapper { get; init; } = _ => [];

    /// <summary>Address of the node with the index.</summary>
    public Func<int, string> NodeAddress { get; init; } = _ => "127.0.0.1";

    /// <summary>Address of this machine that all nodes reach.</summary>
    public string HostAddress { get; init; } = "127.0.0.1";
}
