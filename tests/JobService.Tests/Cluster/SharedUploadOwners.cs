using System.Collections.Concurrent;
using ForegSyte.Jobs.Uploads;

namespace ForegSyte.Jobs.Tests.Cluster;

/// <summary>The owners of uploads of several nodes in one process.</summary>
internal sealed class SharedUploadOwners
{
    private readonly ConcurrentDictionary<Guid, (UploadRecord Upload, string Node)> _uploads = new();

    /// <summary>Where each node is; a node without an address is away.</summary>
    public ConcurrentDictionary<string, Uri> Addresses { get; } = new();

    /// <summary>As a node sees them.</summary>
    public IUploadOwners SeenBy(string node) => new View(this, node);

    /// <summary>Makes another node the owner of an upload.</summary>
    public void Move(Guid uploadId, string node) =>
        _uploads[uploadId] = (_uploads[uploadId].Upload, node);

    private UploadOwner? OwnerOf(Func<UploadRecord, bool> isIt) => _uploads.Values
        .Where(entry => isIt(entry.Upload))
        .Select(entry => new UploadOwner(
            entry.Node, Addresses.GetValueOrDefault(entry.Node), Addresses.ContainsKey(entry.Node),
            entry.Upload.Tenant))
        .FirstOrDefault();

    private sealed class View(SharedUploadOwners all, string node) : IUploadOwners
    {
        public ValueTask<bool> TryAddAsync(UploadRecord upload, CancellationToken cancellationToken) => new(
            (upload.RequestId is null || all._uploads.Values.All(other =>
                other.Upload.RequestId != upload.RequestId || other.Upload.Tenant != upload.Tenant
                || other.Node == node))
            && (all._uploads.TryAdd(upload.UploadId, (upload, node)) || all._uploads[upload.UploadId].Node == node));

        public ValueTask<UploadOwner?> FindAsync(Guid uploadId, CancellationToken cancellationToken) =>
            new(all.OwnerOf(upload => upload.UploadId == uploadId));

        public ValueTask<UploadOwner?> FindByRequestAsync(
            string tenant, Guid requestId, CancellationToken cancellationToken) =>
            new(all.OwnerOf(upload => upload.Tenant == tenant && upload.RequestId == requestId));
    }
}
