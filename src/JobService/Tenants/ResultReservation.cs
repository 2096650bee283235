using ForegSyte.Hosting.Errors;

namespace ForegSyte.Jobs.Tenants;

/// <summary>The bytes of the results of a running job, of which its record has those of the last commit.</summary>
/// <param name="space">Counts them.</param>
/// <param name="jobId">The job.</param>
/// <param name="tenant">Its tenant.</param>
/// <param name="stored">Size of the results in the record.</param>
internal sealed class ResultReservation(TenantSpace space, Guid jobId, string tenant, long stored) : IDisposable
{
    public Guid JobId => jobId;

    public string Tenant => tenant;

    /// <summary>Size of the results in the job's record.</summary>
    public long Stored { get; set; } = stored;

    /// <summary>Size of the results that this attempt has.</summary>
    public long Claimed { get; set; }

    /// <summary>What counts beyond the job's record.</summary>
    public long Excess => Math.Max(0, Claimed - Stored);

    /// <summary>Counts the results of earlier attempts.</summary>
    public void Resume(long bytes) => space.Raise(this, bytes, isStored: true);

    /// <summary>Reserves the bytes of another segment, before it is stored.</summary>
    /// <exception cref="ServiceException">TENANT_QUOTA_EXCEEDED.</exception>
    public void Add(long bytes) => space.Add(this, bytes);

    /// <summary>Reserves the bytes of the document so far; it replaces the segments.</summary>
    /// <exception cref="ServiceException">TENANT_QUOTA_EXCEEDED.</exception>
    public void TakeDocument(long bytes) => space.Raise(this, bytes, isStored: false);

    /// <summary>Gives back all bytes: the document is not there any more, and the segments are still to come.</summary>
    public void Forget() => space.Forget(this);

    /// <inheritdoc />
    public void Dispose() => space.Release(this);
}
