using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>Queues for tests.</summary>
internal static class TestQueues
{
    /// <summary>A queue that never lacks a place unless it is given a number.</summary>
    public static InMemoryQueue New(int places = 1_000_000, int reserved = 0, TenantOptions? tenants = null) => new(
        Options.Create(new DispatchOptions { MaxConcurrentJobs = places, ReservedJobs = reserved }),
        Options.Create(tenants ?? new TenantOptions()));
}
