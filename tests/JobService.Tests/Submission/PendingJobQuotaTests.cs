using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Submission;

public sealed class PendingJobQuotaTests
{
    private readonly InMemoryJobStore _store = new();
    private readonly PendingJobQuota _quota;

    public PendingJobQuotaTests() => _quota = New(maxPendingJobs: 2, new TenantOptions { MaxPendingJobs = 1 });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Reserve_RefusedByTheTenantsQuota_TakesNoSlotOfOtherTenants()
    {
        using var first = Reserve("a");
        AssertRefused(ErrorReason.TenantQuotaExceeded, "a");
        AssertRefused(ErrorReason.TenantQuotaExceeded, "a");

        using var second = Reserve("b");

        AssertRefused(ErrorReason.QueueFull, "c");
    }

    [Fact]
    public void Reserve_OfATenantWithItsOwnLimit_IsRefusedAboveThatOne()
    {
        var quota = New(maxPendingJobs: 9, new TenantOptions
        {
            MaxPendingJobs = 1,
            PerTenant = { ["large"] = new TenantOptions { MaxPendingJobs = 2 } },
        });
        for (var number = 0; number < 2; number++)
        {
            _ = quota.Reserve(Guid.NewGuid(), "large", isNew: true);
        }

        var refusal = Assert.Throws<ServiceException>(() => quota.Reserve(Guid.NewGuid(), "large", isNew: true));

        Assert.Equal((ErrorReason.TenantQuotaExceeded, "2"), (refusal.Reason, refusal.Metadata["limit"]));
    }

    [Fact]
    public void Reserve_RefusedByTheServersLimit_TakesNoSlotOfItsTenant()
    {
        var first = Reserve("a");
        using var second = Reserve("b");
        AssertRefused(ErrorReason.QueueFull, "c");
        first.Dispose();

        using var third = Reserve("c");
    }

    [Fact]
    public void Dispose_OfAnUnusedReservation_ReturnsBothSlots()
    {
        for (var round = 0; round < 3; round++)
        {
            Reserve("a").Dispose();
        }

        using var again = Reserve("a");
    }

    [Fact]
    public async Task Reserve_FromManyThreads_NeverExceedsTheLimit()
    {
        const int Limit = 50;
        var quota = New(Limit, new TenantOptions());
        await _store.InsertAsync(TestJobs.Pending(), Cancellation);
        var reserved = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), Cancellation, async (_, cancellationToken) =>
        {
            var job = TestJobs.Pending();
            try
            {
                using var reservation = quota.Reserve(job.JobId, job.Tenant, isNew: true);
                Interlocked.Increment(ref reserved);
                await _store.InsertAsync(job, cancellationToken);
            }
            catch (ServiceException refusal) when (refusal.Reason == ErrorReason.QueueFull)
            {
                // Expected above the limit.
            }
        });
        Assert.Equal(Limit - 1, reserved);
    }

    [Fact]
    public async Task Reserve_TwiceForOneJob_SharesASlotUntilBothReservationsEnd()
    {
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());
        var quota = New(maxPendingJobs: 1, new TenantOptions());
        var reservation = quota.Reserve(first, "", isNew: true);
        var shared = quota.Reserve(first, "", isNew: true);
        reservation.Dispose();
        AssertFull(quota);
        shared.Dispose();

        using var other = quota.Reserve(second, "", isNew: true);
        Assert.Equal((false, true), (quota.IsReserved(first), quota.IsReserved(second)));
        await _store.InsertAsync(TestJobs.Pending(second), Cancellation);
        Assert.Equal((false, false), (quota.IsReserved(first), quota.IsReserved(second)));
        AssertFull(quota);
    }

    [Fact]
    public async Task StartAsync_WithStoredJobs_CountsThem()
    {
        await _store.InsertAsync(TestJobs.Pending() with { Tenant = "a" }, Cancellation);
        var quota = New(maxPendingJobs: 1, new TenantOptions());

        await quota.StartAsync(Cancellation);

        AssertFull(quota);
    }

    [Fact]
    public async Task Reserve_OfANewJobAboveMaxJobs_IsRefusedWhileARetryIsNot()
    {
        var quota = New(maxPendingJobs: 5, new TenantOptions { MaxJobs = 1 });
        var job = TestJobs.Pending();
        await _store.InsertAsync(job, Cancellation);
        await _store.UpdateAsync(job.JobId, stored => JobTransitions.Cancel(stored, TestJobs.Noon), Cancellation);

        var refusal = Assert.Throws<ServiceException>(() => quota.Reserve(Guid.NewGuid(), "", isNew: true));
        Assert.Equal(ErrorReason.TenantQuotaExceeded, refusal.Reason);
        using var retry = quota.Reserve(job.JobId, "", isNew: false);
    }

    private static void AssertFull(PendingJobQuota quota) => Assert.Equal(
        ErrorReason.QueueFull,
        Assert.Throws<ServiceException>(() => quota.Reserve(Guid.NewGuid(), "", isNew: true)).Reason);

    private PendingJobQuota New(int maxPendingJobs, TenantOptions tenants) => new(
        _store, Options.Create(new SubmitOptions { MaxPendingJobs = maxPendingJobs }), Options.Create(tenants));

    private IDisposable Reserve(string tenant) => _quota.Reserve(Guid.NewGuid(), tenant, isNew: true);

    private void AssertRefused(ErrorReason reason, string tenant) =>
        Assert.Equal(reason, Assert.Throws<ServiceException>(() => Reserve(tenant)).Reason);
}
