namespace ForegSyte.Jobs.Uploads;

/// <summary>Which node has the bytes of an unfinished upload.</summary>
internal interface IUploadOwners
{
    /// <summary>
    /// Records that this node has an upload. False if another node has one of the same tenant and request_id; nothing
    /// is recorded then.
    /// </summary>
    ValueTask<bool> TryAddAsync(UploadRecord upload, CancellationToken cancellationToken);

    /// <summary>The owner of an upload; null if it is unknown.</summary>
    ValueTask<UploadOwner?> FindAsync(Guid uploadId, CancellationToken cancellationToken);

    /// <summary>The owner of the upload that a tenant created with a request_id; null if there is none.</summary>
    ValueTask<UploadOwner?> FindByRequestAsync(
        string tenant, Guid requestId, CancellationToken cancellationToken);
}

/// <summary>The node that has an upload.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Address">Where it can be called; null if it never told.</param>
/// <param name="IsLive">Whether its heartbeats arrive.</param>
/// <param name="Tenant">Tenant of the upload.</param>
internal sealed record UploadOwner(string Node, Uri? Address, bool IsLive, string Tenant);

/// <summary>All uploads belong to this process, the only one.</summary>
internal sealed class SoleUploadOwner : IUploadOwners
{
    /// <inheritdoc />
    public ValueTask<bool> TryAddAsync(UploadRecord upload, CancellationToken cancellationToken) => new(true);

    /// <inheritdoc />
    public ValueTask<UploadOwner?> FindAsync(Guid uploadId, CancellationToken cancellationToken) => default;

    /// <inheritdoc />
    public ValueTask<UploadOwner?> FindByRequestAsync(
        string tenant, Guid requestId, CancellationToken cancellationToken) => default;
}
