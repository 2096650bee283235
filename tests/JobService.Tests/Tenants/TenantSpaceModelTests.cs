using CsCheck;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Tenants;

/// <summary>Any calls of two tenants, of which some fail: the counts are those of a recount.</summary>
public sealed class TenantSpaceModelTests
{
    private static readonly string[] Tenants = ["a", "b"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task Counts_AfterAnyCalls_AreThoseOfARecount() =>
        Gen.Select(Gen.Int[0, 11], Gen.Int[0, 1], Gen.Int[0, 2], Gen.Int[0, 7]).Array[1, 25].SampleAsync(
            async steps =>
            {
                using var run = new Run();
                foreach (var (kind, tenant, video, pick) in steps)
                {
                    await run.StepAsync(kind, Tenants[tenant], video, pick);
                    await run.AssertCountsAsync();
                }
            },
            iter: 40, threads: 1, print: steps => string.Join(" ", steps));

    [Fact]
    public async Task Upload_SubmittedByTwoTenants_IsSharedByNoJobs()
    {
        using var run = new Run();

        // A complete upload; a submission of it by the other tenant that fails after its file was stored; one by its
        // owner; and a submission of the same video by the other tenant.
        await run.StepAsync(3, Tenants[0], 0, 1);
        run.FailNext("after the commit");
        await run.StepAsync(5, Tenants[1], 0, 0);
        await run.StepAsync(5, Tenants[0], 0, 0);
        await run.StepAsync(0, Tenants[1], 0, 1);

        await run.AssertCountsAsync();
        Assert.Equal(2, await run.CountJobsAsync());
    }

    /// <summary>One sequence of calls.</summary>
    private sealed class Run : IDisposable
    {
        /// <summary>Less than four videos, so that some calls are refused.</summary>
        private readonly TenantOptions _limits = new()
        {
            MaxVideoBytes = 4 * SpaceHarness.VideoOf(0).Length,
            MaxOpenUploads = 3,
        };

        private readonly TemporaryFolder _folder = new();
        private readonly FakeTimeProvider _time = new(TestJobs.Noon);
        private readonly InMemoryJobStore _store = new();
        private SpaceHarness _harness;
        private List<OpenUpload> _uploads = [];
        private string? _failsAt;

        public Run() => _harness = New();

        public void Dispose()
        {
            _harness.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _folder.Dispose();
        }

        public async Task StepAsync(int kind, string tenant, int number, int pick)
        {
            try
            {
                await CallAsync(kind, tenant, SpaceHarness.VideoOf(number), pick);
            }
            catch (ServiceException refusal) when (refusal.Reason is ErrorReason.TenantQuotaExceeded
                or ErrorReason.UploadIncomplete or ErrorReason.UploadNotFound or ErrorReason.RequestIdConflict
                or ErrorReason.VideoGone)
            {
                // One of the refusals that the steps ask for.
            }
            catch (IOException failure) when (failure.Message == "Planned.")
            {
                _failsAt = null;
            }
        }

        public void FailNext(string step) => _failsAt = step;

        public async Task<int> CountJobsAsync() => (await JobsAsync()).Count;

        public async Task AssertCountsAsync()
        {
            var stored = await _store.SumSpaceAsync(Cancellation);
            foreach (var tenant in Tenants)
            {
                var own = _uploads.Where(upload => upload.Record.Tenant == tenant).ToList();
                var jobs = stored.Tenants.SingleOrDefault(sum => sum.Tenant == tenant);
                Assert.Equal(
                    new SpaceUse(
                        (jobs?.VideoBytes ?? 0) + own.Sum(upload => upload.Record.SizeBytes),
                        jobs?.ResultBytes ?? 0,
                        own.Count,
                        own.Sum(upload => upload.Record.SizeBytes)),
                    _harness.Space.UseOf(tenant));
                Assert.True(
                    _harness.Space.UseOf(tenant).VideoBytes <= _limits.MaxVideoBytes, $"{tenant} is over its limit.");
            }

            _harness.AssertNothingIsSharedBetweenTenants(await JobsAsync());
        }

        private async Task CallAsync(int kind, string tenant, byte[] video, int pick)
        {
            switch (kind)
            {
                case 0 or 1:
                    await _harness.SubmitAsync(tenant, video, pick == 0 ? Guid.Empty : null);
                    break;
                case 2:
                    _failsAt = pick % 2 == 0 ? "before the commit" : "after the commit";
                    await _harness.SubmitAsync(tenant, video);
                    break;
                case 3 or 4:
                    var upload = _harness.Uploads.Create(video.Length, null, null, tenant);
                    _uploads.Add(upload);
                    await _harness.WriteAsync(upload, 0, pick == 0 ? video[..100] : video);
                    break;
                case 5 or 6 when Pick(_uploads, pick) is { } complete:
                    await _harness.SubmitAsync(
                        tenant, new VideoReference.Upload(complete.Record.UploadId, VisibleTenant: null));
                    _uploads.Remove(complete);
                    break;
                case 7 when Pick(_uploads, pick) is { } aborted:
                    await _harness.Uploads.AbortAsync(aborted.Record.UploadId, visibleTenant: null, Cancellation);
                    _uploads.Remove(aborted);
                    break;
                case 8 when Pick(await JobsAsync(), pick) is { } source:
                    await _harness.SubmitAsync(tenant, new VideoReference.StoredJob(source.JobId, VisibleTenant: null));
                    break;
                case 9 when Pick(await JobsAsync(), pick) is { } job:
                    await _harness.DeleteAsync(job.JobId);
                    break;
                case 10 when pick == 0:
                    _time.Advance(TimeSpan.FromDays(8));
                    Assert.Equal(_uploads.Count, await _harness.Uploads.RemoveExpiredAsync());
                    _uploads.Clear();
                    break;
                case 11:
                    await RestartAsync();
                    break;
            }
        }

        /// <summary>The next process.</summary>
        private async Task RestartAsync()
        {
            await _harness.DisposeAsync();
            _harness = New();
            await _harness.StartAsync();
            var ids = _uploads.Select(upload => upload.Record.UploadId).ToList();
            _uploads = [];
            foreach (var id in ids)
            {
                _uploads.Add(await _harness.Uploads.FindAsync(id, visibleTenant: null, Cancellation));
            }
        }

        private async Task<List<JobRecord>> JobsAsync() =>
            [.. await _store.ListAsync(new JobQuery(null, null, 100), Cancellation)];

        private static T? Pick<T>(IReadOnlyList<T> items, int pick)
            where T : class => items.Count == 0 ? null : items[pick % items.Count];

        private SpaceHarness New() => new(
            _folder, _store, _time, _limits,
            step =>
            {
                if (_failsAt is { } point && step.StartsWith(point, StringComparison.Ordinal))
                {
                    throw new IOException("Planned.");
                }
            });
    }
}
