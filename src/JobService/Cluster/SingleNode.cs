namespace ForegSyte.Jobs.Cluster;

/// <summary>The cluster of a JobService with the embedded store, which one process alone can open.</summary>
internal sealed class SingleNode(LocalNode node, TimeProvider time) : ICluster
{
    /// <inheritdoc />
    public Guid NodeId => node.NodeId;

    /// <inheritdoc />
    public string NodeName => node.Name;

    /// <inheritdoc />
    public int LiveNodes => 1;

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<NodeRecord>> ListAsync(CancellationToken cancellationToken) =>
        new([node.Describe(time.GetUtcNow())]);
}
