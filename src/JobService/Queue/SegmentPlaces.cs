using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Shares the segments in flight among tenants. There are as many places as the jobs of
/// <see cref="DispatchOptions.MaxConcurrentJobs"/> can use. With several tenants the last place is kept for one that
/// has no segment in flight, because a segment cannot be interrupted.
/// </summary>
internal sealed class SegmentPlaces
{
    private readonly TenantPlaces _places;
    private volatile bool _isShared;

    public SegmentPlaces(
        IInferenceClient inference, IOptions<SegmentOptions> segments, IOptions<DispatchOptions> dispatch,
        IOptions<TenantOptions> tenants)
    {
        var turns = new TenantTurns(tenant => tenants.Value.For(tenant).Weight, _ => int.MaxValue);
        _places = new TenantPlaces(
            turns,
            () => Math.Max(1, Capacity() - (_isShared ? 1 : 0)),
            () => dispatch.Value.ReservedJobs + 1);

        int Capacity() => segments.Value.SegmentsInFlight * Math.Max(1, inference.ServingCount)
            * dispatch.Value.MaxConcurrentJobs;
    }

    /// <summary>Waits until a segment of the tenant may run.</summary>
    public Task<IDisposable> EnterAsync(string tenant, CancellationToken cancellationToken)
    {
        // Without authentication all jobs belong to the unnamed tenant.
        _isShared |= tenant.Length > 0;
        return _places.EnterAsync(tenant, cancellationToken);
    }
}
