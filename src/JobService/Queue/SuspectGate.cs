using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Lets one segment at a time run that lost its InferenceService before, so that the next loss has one cause. Tenants
/// pass in turn: however many such segments a tenant has, another one waits for one of them at most.
/// </summary>
internal sealed class SuspectGate(IOptions<TenantOptions> tenants)
{
    private readonly TenantPlaces _places = new(
        new TenantTurns(tenant => tenants.Value.For(tenant).Weight, _ => int.MaxValue), () => 1, () => 0);

    /// <summary>Waits until the gate is free; the caller disposes the result.</summary>
    public Task<IDisposable> EnterAsync(string tenant, CancellationToken cancellationToken) =>
        _places.EnterAsync(tenant, cancellationToken);
}
