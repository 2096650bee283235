using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Submission;

/// <summary>Quotas of a store that other nodes share.</summary>
public sealed class UsageRefreshTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly InMemoryJobStore _store;
    private readonly PendingJobQuota _quota;
    private readonly TenantSpace _space;
    private readonly UsageRefresh _refresh;

    public UsageRefreshTests()
    {
        _store = new InMemoryJobStore(_time, isShared: true);
        var tenants = Options.Create(
            new TenantOptions { MaxJobs = 3, MaxPendingJobs = 2, MaxVideoBytes = 100, MaxResultBytes = 50 });
        _quota = new PendingJobQuota(_store, Options.Create(new SubmitOptions { MaxPendingJobs = 4 }), tenants);
        _space = new TenantSpace(_store, new InMemoryStorage(), tenants);
        _refresh = new UsageRefresh(_store, _quota, _space, _time, NullLogger<UsageRefresh>.Instance);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _refresh.Dispose();

    [Fact]
    public async Task Quotas_WithUsageElsewhere_CheckTheSum()
    {
        await _store.InsertAsync(TestJobs.Pending() with { Tenant = "a", VideoBytes = 10 }, Cancellation);
        _store.Elsewhere = [new TenantUsage("a", 2, 0, 60, 30), new TenantUsage("b", 2, 2, 0, 0)];

        await _refresh.RefreshAsync(Cancellation);

        AssertRefused(ErrorReason.TenantQuotaExceeded, "Tenants:MaxJobs", () => _quota.RequireSlot("a"));
        AssertRefused(ErrorReason.TenantQuotaExceeded, "Tenants:MaxPendingJobs", () => _quota.RequireSlot("b"));
        using (_quota.Reserve(Guid.NewGuid(), "c", isNew: true))
        {
            AssertRefused(ErrorReason.QueueFull, "Submit:MaxPendingJobs", () => _quota.RequireSlot("c"));
        }

        Assert.Equal(new SpaceUse(70, 30, 0), _space.UseOf("a"));
        _space.RequireVideo("a", 30);
        AssertRefused(
            ErrorReason.TenantQuotaExceeded, "Tenants:MaxVideoBytes", () => _space.RequireVideo("a", 31));
        using var results = _space.ReserveResults(TestJobs.Pending() with { Tenant = "a" });
        results.Add(20);
        AssertRefused(ErrorReason.TenantQuotaExceeded, "Tenants:MaxResultBytes", () => results.Add(1));
    }

    [Fact]
    public async Task Quotas_OfAJobThatEndsHereAndBeganElsewhere_AddUp()
    {
        var job = TestJobs.Pending() with { Tenant = "a" };
        await _store.InsertAsync(job, Cancellation);
        await _store.UpdateAsync(job.JobId, (stored, now) => JobTransitions.Cancel(stored, now), Cancellation);
        await _store.DeleteAsync(job.JobId, JobTransitions.RequireDeletable, Cancellation);
        _store.Elsewhere = [new TenantUsage("a", 3, 2, 0, 0)];
        await _refresh.RefreshAsync(Cancellation);
        AssertRefused(ErrorReason.TenantQuotaExceeded, "Tenants:MaxPendingJobs", () => _quota.RequireSlot("a"));

        // Another node cancelled and deleted a job that this one had accepted.
        _store.Elsewhere = [new TenantUsage("a", 2, 1, 0, 0)];
        await _refresh.RefreshAsync(Cancellation);

        _quota.RequireSlot("a");
    }

    [Fact]
    public async Task Start_OfASharedStore_CountsBeforeItReturnsAndEverySecond()
    {
        await _store.InsertAsync(TestJobs.Pending() with { Tenant = "a" }, Cancellation);
        _store.Elsewhere = [new TenantUsage("a", 1, 1, 0, 0)];
        await _quota.StartAsync(Cancellation);
        await _refresh.StartAsync(Cancellation);
        AssertRefused(ErrorReason.TenantQuotaExceeded, "Tenants:MaxPendingJobs", () => _quota.RequireSlot("a"));

        _store.Elsewhere = [];
        await AdvanceUntilAsync(() => IsFree("a"));

        await _refresh.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Refresh_WhileTheStoreIsAway_IsLoggedOnceUntilItIsBack()
    {
        var (log, calls, isAway) = (new FakeLogger<UsageRefresh>(), 0, false);
        using var refresh = new UsageRefresh(
            JobStoreProxy.Around(
                _store,
                (method, call) =>
                {
                    if (method.Name != nameof(IJobStore.UsageElsewhereAsync))
                    {
                        return call();
                    }

                    Interlocked.Increment(ref calls);
                    return Volatile.Read(ref isAway)
                        ? Task.FromException<IReadOnlyList<TenantUsage>>(new IOException("away"))
                        : call();
                }),
            _quota, _space, _time, log);
        await refresh.StartAsync(Cancellation);
        for (var outage = 1; outage <= 2; outage++)
        {
            Volatile.Write(ref isAway, true);
            var first = Volatile.Read(ref calls);
            await AdvanceUntilAsync(() => Volatile.Read(ref calls) >= first + 5);
            Volatile.Write(ref isAway, false);
            await AdvanceUntilAsync(() => log.Collector.Count == 2 * outage);
        }

        await refresh.StopAsync(Cancellation);

        Assert.Equal(
            [LogLevel.Warning, LogLevel.Information, LogLevel.Warning, LogLevel.Information],
            log.Collector.GetSnapshot().Select(record => record.Level));
    }

    private static void AssertRefused(ErrorReason reason, string option, Action call)
    {
        var refusal = Assert.Throws<ServiceException>(call);
        Assert.Equal((reason, option), (refusal.Reason, refusal.Metadata["option"]));
    }

    private bool IsFree(string tenant)
    {
        try
        {
            _quota.RequireSlot(tenant);
            return true;
        }
        catch (ServiceException)
        {
            return false;
        }
    }

    /// <summary>Advances the clock until a condition holds, because the loop sets its timer later.</summary>
    private async Task AdvanceUntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            Cancellation.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }
}
