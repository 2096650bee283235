using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Tenants;

public sealed class TenantSpaceTests
{
    private readonly InMemoryJobStore _store = new();
    private readonly InMemoryStorage _storage = new() { SizeBytes = 1000 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Limits_OfATenantWithoutItsOwn_AreSharesOfTheServer()
    {
        var space = await StartAsync(new TenantOptions());

        space.AddUpload("a", 400, serverLimit: 4);
        AssertRefused("Tenants:MaxVideoBytes", () => space.AddUpload("a", 1, serverLimit: 4));
        space.AddUpload("b", 400, serverLimit: 2);
        AssertRefused("Tenants:MaxOpenUploads", () => space.AddUpload("b", 0, serverLimit: 2));
        AssertRefused("Tenants:MaxResultBytes", () => Results(space, "a").Add(101));
        Results(space, "a").Add(100);
    }

    [Fact]
    public async Task Limits_AfterAStart_AreSharesOfWhatIsFreeAndWhatJobsAndUploadsUse()
    {
        await AddAsync("b", videoBytes: 900);
        var space = await StartAsync(new TenantOptions());
        space.RestoreUpload("b", 500, receivedBytes: 100);

        space.AddUpload("a", 800, serverLimit: 4);
        AssertRefused("Tenants:MaxVideoBytes", () => space.AddUpload("a", 1, serverLimit: 4));
        await AddAsync("b", videoBytes: 1000);
        AssertRefused("Tenants:MaxVideoBytes", () => space.AddUpload("a", 1, serverLimit: 4));
    }

    [Fact]
    public void AddUpload_WithoutRoom_CountsNothingAndKeepsNobodyWaiting()
    {
        TenantSpace? space = null;
        var others = 0;
        var room = new DiskRoom(
            () =>
            {
                // The disk is slow: meanwhile jobs are committed.
                var other = Task.Run(() => _store.InsertAsync(TestJobs.Pending(), Cancellation), Cancellation);
                others += other.Wait(TimeSpan.FromSeconds(10), Cancellation) ? 1 : 0;
                return 10;
            },
            minFreeBytes: 1);
        space = new TenantSpace(
            _store, new InMemoryStorage { Room = room }, Options.Create(new TenantOptions { MaxVideoBytes = 100 }));

        var refusal = Assert.Throws<ServiceException>(() => space.AddUpload("a", 20, serverLimit: 4));

        Assert.Equal((ErrorReason.StorageFull, 1), (refusal.Reason, others));
        Assert.Equal(default, space.UseOf("a"));
    }

    [Fact]
    public void Refusal_OfAVideoOrResults_HasSizesWithUnits()
    {
        var space = New(new TenantOptions { MaxVideoBytes = 2 << 20, MaxResultBytes = 512 });

        var videos = Assert.Throws<ServiceException>(() => space.AddUpload("a", 3 << 20, serverLimit: 4));
        var results = Assert.Throws<ServiceException>(() => Results(space, "a").Add(1000));

        Assert.StartsWith(
            "3MiB more would exceed the limit of 2MiB for the videos and open uploads", videos.Message,
            StringComparison.Ordinal);
        Assert.Equal("2097152", videos.Metadata["limit"]);
        Assert.Contains("the limit of 512B for the results", results.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_WithoutAuthentication_AreNone()
    {
        var space = New(new TenantOptions());

        space.AddUpload("", 1 << 20, serverLimit: 1);
        space.AddUpload("", 1 << 20, serverLimit: 1);
        Results(space, "").Add(1 << 20);

        Assert.Equal(new SpaceUse(1 << 21, 1 << 20, 2, 1 << 21), space.UseOf(""));
    }

    [Fact]
    public void Limits_OfOneTenant_ReplaceThoseOfAll()
    {
        var options = new TenantOptions { MaxVideoBytes = 10 };
        options.PerTenant["a"] = new TenantOptions { MaxVideoBytes = 20 };
        var space = New(options);

        space.RequireVideo("a", 20);
        AssertRefused("Tenants:MaxVideoBytes", () => space.RequireVideo("a", 21));
        AssertRefused("Tenants:MaxVideoBytes", () => space.RequireVideo("b", 11));
    }

    [Fact]
    public async Task ReserveVideo_FromManyThreads_NeverExceedsTheLimit()
    {
        var space = New(new TenantOptions { MaxVideoBytes = 50 });
        var stored = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), Cancellation, async (_, cancellationToken) =>
        {
            var job = TestJobs.Pending() with { Tenant = "a", VideoBytes = 3 };
            try
            {
                using var video = space.ReserveVideo(job.JobId, job.Tenant);
                video.Take(3);
                Interlocked.Increment(ref stored);
                await _store.InsertAsync(job, cancellationToken);
            }
            catch (ServiceException refusal) when (refusal.Reason == ErrorReason.TenantQuotaExceeded)
            {
                // Expected above the limit.
            }
        });

        Assert.Equal((16, 48), (stored, space.UseOf("a").VideoBytes));
    }

    [Fact]
    public async Task ReserveVideo_ThatIsNotCommitted_CountsNoMore()
    {
        var space = New(new TenantOptions { MaxVideoBytes = 10 });
        using (var video = space.ReserveVideo(Guid.NewGuid(), "a"))
        {
            video.Take(6);
            video.Take(4);
            video.Take(10);
            AssertRefused("Tenants:MaxVideoBytes", () => video.Take(11));
            AssertRefused("Tenants:MaxVideoBytes", () => space.AddUpload("a", 1, serverLimit: 9));
        }

        Assert.Equal(default, space.UseOf("a"));
        var job = await AddAsync("a", videoBytes: 10);
        AssertRefused("Tenants:MaxVideoBytes", () => space.RequireVideo("a", 1));
        await EndAsync(job);
        await _store.DeleteAsync(job, _ => { }, Cancellation);
        Assert.Equal(default, space.UseOf("a"));
    }

    [Fact]
    public void TakeUpload_OfTheSameTenant_IsNeverRefused_AndOfAnotherIs()
    {
        var space = New(new TenantOptions { MaxVideoBytes = 10 });
        space.AddUpload("a", 10, serverLimit: 9);
        using var own = space.ReserveVideo(Guid.NewGuid(), "a");
        using var other = space.ReserveVideo(Guid.NewGuid(), "b");
        other.Take(1);

        own.TakeUpload(10, "a");

        AssertRefused("Tenants:MaxVideoBytes", () => other.TakeUpload(11, "a"));
        space.RemoveUpload("a", 10);
        Assert.Equal(new SpaceUse(10, 0, 0), space.UseOf("a"));
    }

    [Fact]
    public async Task ReserveResults_UntilTheyAreCommitted_CountsThemOnce()
    {
        var space = New(new TenantOptions { MaxResultBytes = 10 });
        var job = await AddAsync("a", videoBytes: 0);
        await ClaimAsync(job);
        using (var results = space.ReserveResults((await _store.FindAsync(job, Cancellation))!))
        {
            results.Add(4);
            results.Add(3);
            await _store.UpdateAsync(job, stored => stored with { ResultBytes = 4 }, Cancellation);
            Assert.Equal(7, space.UseOf("a").ResultBytes);
            AssertRefused("Tenants:MaxResultBytes", () => results.Add(4));
            AssertRefused("Tenants:MaxResultBytes", () => results.TakeDocument(11));
            results.TakeDocument(9);
            Assert.Equal(9, space.UseOf("a").ResultBytes);
            await _store.UpdateAsync(job, stored => stored with { ResultBytes = 9 }, Cancellation);
        }

        Assert.Equal(9, space.UseOf("a").ResultBytes);
    }

    [Fact]
    public async Task ReserveResults_OfANewAttempt_ReplacesThatOfALostOne()
    {
        var space = New(new TenantOptions { MaxResultBytes = 10 });
        var job = TestJobs.Pending() with { Tenant = "a" };
        await _store.InsertAsync(job, Cancellation);
        using var lost = space.ReserveResults(job);
        lost.Add(8);

        using (var current = space.ReserveResults(job))
        {
            lost.Add(8);
            lost.Dispose();
            current.Resume(8);
            current.Add(2);
            Assert.Equal(10, space.UseOf("a").ResultBytes);
        }

        Assert.Equal(default, space.UseOf("a"));
    }

    [Fact]
    public async Task StartAsync_WithStoredJobs_CountsThem()
    {
        await AddAsync("a", videoBytes: 5);
        await AddAsync("a", videoBytes: 6);
        await AddAsync("", videoBytes: 7);
        var space = New(new TenantOptions());

        await space.StartAsync(Cancellation);

        Assert.Equal((11, 7), (space.UseOf("a").VideoBytes, space.UseOf("").VideoBytes));
    }

    private static void AssertRefused(string option, Action call)
    {
        var refusal = Assert.Throws<ServiceException>(call);
        Assert.Equal((ErrorReason.TenantQuotaExceeded, option), (refusal.Reason, refusal.Metadata!["option"]));
        Assert.NotNull(refusal.Quota);
    }

    private static ResultReservation Results(TenantSpace space, string tenant) =>
        space.ReserveResults(TestJobs.Pending() with { Tenant = tenant });

    private TenantSpace New(TenantOptions options) => new(_store, _storage, Options.Create(options));

    private async Task<TenantSpace> StartAsync(TenantOptions options)
    {
        var space = New(options);
        await space.StartAsync(Cancellation);
        return space;
    }

    private async Task<Guid> AddAsync(string tenant, long videoBytes)
    {
        var job = TestJobs.Pending() with { Tenant = tenant, VideoBytes = videoBytes };
        await _store.InsertAsync(job, Cancellation);
        return job.JobId;
    }

    private Task<JobRecord?> ClaimAsync(Guid jobId) => _store.UpdateAsync(
        jobId,
        job => JobTransitions.Claim(job, Guid.NewGuid(), TestJobs.Noon, TimeSpan.FromHours(1)),
        Cancellation);

    private Task<JobRecord?> EndAsync(Guid jobId) => _store.UpdateAsync(
        jobId, job => JobTransitions.Cancel(job, TestJobs.Noon), Cancellation);
}
