using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Submission;

public sealed class PendingJobQuotaTests : IDisposable
{
    private readonly PendingJobs _pending;
    private readonly PendingJobQuota _quota;

    public PendingJobQuotaTests()
    {
        var store = new InMemoryJobStore();
        _pending = new PendingJobs(
            store, new InMemoryQueue(), Options.Create(new QueueOptions()), Options.Create(new RetryOptions()),
            new FakeTimeProvider(TestJobs.Noon));
        _quota = new PendingJobQuota(
            _pending, new TenantJobs(store), Options.Create(new SubmitOptions { MaxPendingJobs = 2 }),
            Options.Create(new TenantOptions { MaxPendingJobs = 1 }));
    }

    public void Dispose() => _pending.Dispose();

    [Fact]
    public void Reserve_RefusedByTheTenantsQuota_TakesNoSlotOfOtherTenants()
    {
        using var first = _quota.Reserve(JobOf("a"));
        AssertRefused(ErrorReason.TenantQuotaExceeded, "a");
        AssertRefused(ErrorReason.TenantQuotaExceeded, "a");

        using var second = _quota.Reserve(JobOf("b"));

        AssertRefused(ErrorReason.QueueFull, "c");
    }

    [Fact]
    public void Reserve_RefusedByTheServersLimit_TakesNoSlotOfItsTenant()
    {
        var first = _quota.Reserve(JobOf("a"));
        using var second = _quota.Reserve(JobOf("b"));
        AssertRefused(ErrorReason.QueueFull, "c");
        first.Dispose();

        using var third = _quota.Reserve(JobOf("c"));
    }

    [Fact]
    public void Dispose_OfAnUnusedReservation_ReturnsBothSlots()
    {
        for (var round = 0; round < 3; round++)
        {
            _quota.Reserve(JobOf("a")).Dispose();
        }

        using var again = _quota.Reserve(JobOf("a"));
    }

    private static JobRecord JobOf(string tenant) => TestJobs.Pending() with { Tenant = tenant };

    private void AssertRefused(ErrorReason reason, string tenant) =>
        Assert.Equal(reason, Assert.Throws<ServiceException>(() => _quota.Reserve(JobOf(tenant))).Reason);
}
