namespace ForegSyte.JobBenchmarks.Load;

/// <summary>Asks a load generator for a load: callers that each make one call after the other.</summary>
internal sealed record LoadOrder
{
    /// <summary>Server under load.</summary>
    public required Uri Address { get; init; }

    public required CallKind Call { get; init; }

    /// <summary>Calls that are under way at the same time; 1 or more.</summary>
    public required int Concurrency { get; init; }

    /// <summary>No call is begun after this.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Most calls in all; reached before the duration where the server is quick.</summary>
    public int MaxCalls { get; init; } = int.MaxValue;

    /// <summary>Echo only: bytes of a request.</summary>
    public int RequestBytes { get; init; }

    /// <summary>Echo only: bytes of an answer.</summary>
    public int ResponseBytes { get; init; }

    /// <summary>Submit only: path of the video.</summary>
    public string VideoPath { get; init; } = "";

    /// <summary>Get only: path of a file with an id a line.</summary>
    public string JobIdsPath { get; init; } = "";

    /// <summary>Get only: every id once and in order, and not at random.</summary>
    public bool EachOnce { get; init; }

    /// <summary>Submit only: where the ids of the acknowledged jobs are written at the end, a line each.</summary>
    public string AcknowledgedPath { get; init; } = "";
}
