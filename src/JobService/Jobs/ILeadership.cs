namespace ForegSyte.Jobs;

/// <summary>Tells which node does the work that one node does for all: retention and sweeps.</summary>
internal interface ILeadership
{
    /// <summary>
    /// Whether this node leads now. Two nodes can both believe it for a moment, so the work must be safe to do twice.
    /// </summary>
    bool IsLeader { get; }
}

/// <summary>The leadership of a node that has its store to itself.</summary>
internal sealed class SoleLeadership : ILeadership
{
    /// <inheritdoc />
    public bool IsLeader => true;
}
