using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Tenants;

/// <summary>Reservations for tests of other things.</summary>
internal static class TestSpace
{
    /// <summary>The reservation of a video without a limit.</summary>
    public static VideoReservation Unlimited(IStorage storage) =>
        new TenantSpace(new InMemoryJobStore(), storage, Options.Create(new TenantOptions()))
            .ReserveVideo(Guid.NewGuid(), tenant: "");
}
