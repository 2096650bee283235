using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Paging;
using ForegSyte.Jobs.Cluster;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Pages of ListNodes.</summary>
internal sealed class NodePages(ICluster cluster)
{
    /// <summary>Name of this node.</summary>
    public string NodeName => cluster.NodeName;

    /// <summary>Reads a page of the nodes, ordered by name and then by id.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD or INVALID_PAGE_TOKEN.</exception>
    public async Task<ListNodesResponse> ReadAsync(ListNodesRequest request, CancellationToken cancellationToken)
    {
        var all = (await cluster.ListAsync(cancellationToken)).OrderBy(KeyOf, StringComparer.Ordinal);
        var (items, next) = ListPage.Of("ListNodes", all, KeyOf, request.PageSize, request.PageToken);
        return new ListNodesResponse { Nodes = { items.Select(MessageOf) }, NextPageToken = next };
    }

    /// <summary>A lost process and its successor can be listed under one name.</summary>
    private static string KeyOf(NodeRecord node) => $"{node.Name}/{node.NodeId}";

    private static Node MessageOf(NodeRecord node) => new()
    {
        NodeId = node.NodeId.ToString(),
        NodeName = node.Name,
        Address = node.Address?.GetLeftPart(UriPartial.Authority) ?? "",
        Version = node.Version,
        StartedAt = node.StartedAt.ToTimestamp(),
        SeenAt = node.SeenAt.ToTimestamp(),
        State = node.IsLive ? NodeState.Live : NodeState.Lost,
        DrainState = node.Drain,
        RunningJobs = node.RunningJobs,
        MaxRunningJobs = node.MaxRunningJobs,
    };
}
