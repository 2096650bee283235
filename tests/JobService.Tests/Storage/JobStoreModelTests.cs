using CsCheck;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Jobs.Filters;
using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>A store that a test opened; disposal closes it.</summary>
/// <param name="Store">The store.</param>
/// <param name="CloseAsync">Closes it.</param>
internal sealed record OpenedStore(IJobStore Store, Func<ValueTask> CloseAsync) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => CloseAsync();
}

/// <summary>Compares DuckDB with an in-memory model.</summary>
public sealed class JobStoreModelTests : JobStoreModelContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private protected override Task<OpenedStore> OpenAsync(int database)
    {
        // A cache of two jobs, so that most ended jobs are read from the database.
        var opened = new DatabaseFixture(
            _folder.File($"model{database}.duckdb"),
            options => (options.CachedJobs, options.MaxCommitChanges) = (2, 5));
        return Task.FromResult(new OpenedStore(opened.Store, opened.DisposeAsync));
    }
}

/// <summary>Compares a store with an in-memory model.</summary>
public abstract class JobStoreModelContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Number of databases that the slowest test fills.</summary>
    private protected virtual int Databases => 25;

    /// <summary>
    /// Opens a database of the test, empty at first. The store applies changes in the order of the calls.
    /// </summary>
    private protected abstract Task<OpenedStore> OpenAsync(int database);

    [Fact]
    public async Task List_AnyFilter_HoldsTheJobsThatTheFilterMeans()
    {
        await using var opened = await OpenAsync(0);
        var store = opened.Store;

        // One set of jobs for all filters.
        var jobs = FilterGenerators.Job.Array[200].Single();
        foreach (var job in jobs)
        {
            await store.InsertAsync(job, Cancellation);
        }

        await FilterGenerators.Filter.SampleAsync(
            async filter =>
            {
                var found = await store.ListAsync(new JobQuery(filter, null, 1_000), Cancellation);
                var expected = jobs.Where(job => JobFilterEvaluator.Matches(filter, job)).Select(job => job.JobId);
                Assert.Equal(expected.Order(), found.Select(job => job.JobId).Order());
            },
            iter: 200, threads: 1, print: FilterText.Print);
    }

    [Fact]
    public async Task AnySteps_OnBothStores_GiveTheSame()
    {
        await using var opened = await OpenAsync(0);
        var ids = Enumerable.Range(0, 4).Select(_ => Guid.NewGuid()).ToArray();
        var round = 0;
        await Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.Int[0, 3], FilterGenerators.Filter).Array[1, 15].SampleAsync(
            async steps =>
            {
                // Each round has its own ids, so that all can share a database.
                var salt = (byte)Interlocked.Increment(ref round);
                var model = new InMemoryJobStore();
                foreach (var (kind, first, second, filter) in steps)
                {
                    Assert.Equal(
                        await StepAsync(model, kind, first, second, filter, i => Salted(ids[i], salt), salt),
                        await StepAsync(opened.Store, kind, first, second, filter, i => Salted(ids[i], salt), salt));
                }
            },
            iter: 60, threads: 1);
    }

    [Fact]
    public async Task Batches_OfAnyChangesAndReopening_KeepWhatASimpleModelKeeps()
    {
        var round = 0;
        await Gen.Select(Gen.Int[0, 9], Gen.Int[0, 5], Gen.Int[0, 3]).Array[1, 12].Array[1, 6].SampleAsync(
            async batches =>
            {
                var database = Interlocked.Increment(ref round);
                var ids = Enumerable.Range(0, 6).Select(_ => Guid.NewGuid()).ToArray();
                var model = new InMemoryJobStore();
                var opened = await OpenAsync(database);
                foreach (var batch in batches)
                {
                    // The store applies changes in the order of the calls, so the model can apply them one by one.
                    var answers = batch.Select(step => ChangeAsync(opened.Store, step, ids)).ToList();
                    foreach (var (step, answer) in batch.Zip(answers))
                    {
                        Assert.Equal(await ChangeAsync(model, step, ids), await answer);
                    }

                    Assert.Equal(await EverythingAsync(model, ids), await EverythingAsync(opened.Store, ids));
                    if (batch[0].Item1 >= 8)
                    {
                        await opened.DisposeAsync();
                        opened = await OpenAsync(database);
                        Assert.Equal(await EverythingAsync(model, ids), await EverythingAsync(opened.Store, ids));
                    }
                }

                await opened.DisposeAsync();
            },
            iter: Databases, threads: 1);
    }

    /// <summary>Makes one change; returns the result as text.</summary>
    private static async Task<string> ChangeAsync(IJobStore store, (int Kind, int Job, int Way) step, Guid[] ids)
    {
        var id = ids[step.Job];
        try
        {
            switch (step.Kind)
            {
                case < 3:
                    var (job, created) = await store.InsertAsync(
                        TestJobs.Pending(
                            id, TestJobs.Noon.AddMinutes(step.Way), step.Way == 0 ? null : ids[^step.Way]) with
                        {
                            Tenant = TenantOf(step.Way),
                            VideoBytes = 1000 + step.Way,
                            VideoSha256 = step.Way == 3 ? null : new string((char)('a' + step.Way), 64),
                        },
                        Cancellation);
                    return created + TestJobs.Text(job);
                case < 7:
                    return TestJobs.Text(
                        await store.UpdateAsync(id, before => Change(before, step.Way), Cancellation));
                case 7:
                    return TestJobs.Text(
                        await store.UpdateAsync(id, _ => throw new ArgumentException("bad"), Cancellation));
                default:
                    return TestJobs.Text(await store.DeleteAsync(
                        id,
                        before => ArgumentOutOfRangeException.ThrowIfEqual(before.Attempts.Count, 1),
                        Cancellation));
            }
        }
        catch (ArgumentException failure)
        {
            return failure.GetType().Name;
        }
    }

    private static string TenantOf(int way) => way % 2 == 0 ? "even" : "odd";

    /// <summary>The results of all queries of a store as text.</summary>
    private static async Task<string> EverythingAsync(IJobStore store, Guid[] ids)
    {
        var text = new List<string>();
        foreach (var id in ids)
        {
            text.Add(TestJobs.Text(await store.FindAsync(id, Cancellation)));
            text.Add(TestJobs.Text(await store.FindByRequestIdAsync(id, Cancellation)));
        }

        var middle = new JobPosition(TestJobs.Noon.AddMinutes(1), ids[0]);
        var all = new JobFilter.Comparison(FilterField.CreatedAt, FilterOperator.Greater, TestJobs.Noon.AddDays(-1));
        foreach (var tenant in new[] { null, TenantOf(0), TenantOf(1), "nobody" })
        {
            foreach (var query in new JobQuery[]
            {
                new(null, null, 1, tenant), new(null, null, 100, tenant), new(null, middle, 3, tenant),
                new(all, null, 100, tenant), new(all, middle, 2, tenant),
            })
            {
                text.Add($"{query}");
                text.AddRange((await store.ListAsync(query, Cancellation)).Select(TestJobs.Text));
            }
        }

        text.AddRange((await store.ListUnfinishedAsync(Cancellation)).Select(TestJobs.Text));
        text.AddRange((await store.CountByTenantAsync(Cancellation)).Select(count => $"{count}").Order());
        var space = await store.SumSpaceAsync(Cancellation);
        text.AddRange(space.Tenants.Select(bytes => $"{bytes}").Order().Append($"{space.SharedBytes} shared"));
        text.AddRange((await store.ListDeletedAsync(100, Cancellation)).Distinct().Order().Select(id => id.ToString()));
        text.AddRange((await store.FindKnownAsync(ids, Cancellation)).Order().Select(id => id.ToString()));
        return string.Join('\n', text);
    }

    private static async Task<string> StepAsync(
        IJobStore store, int kind, int first, int second, JobFilter filter, Func<int, Guid> id, byte salt)
    {
        try
        {
            switch (kind)
            {
                case 0:
                    var job =
                        TestJobs.Pending(id(first), TestJobs.Noon.AddMinutes(second), second == 0 ? null : id(second));
                    var (stored, created) =
                        await store.InsertAsync(job with { PipelineId = $"round{salt}" }, Cancellation);
                    return created + TestJobs.Text(stored);
                case 1:
                    return TestJobs.Text(await store.FindAsync(id(first), Cancellation));
                case 2:
                    return TestJobs.Text(await store.FindByRequestIdAsync(id(first), Cancellation));
                case 3:
                    return TestJobs.Text(
                        await store.UpdateAsync(id(first), before => Change(before, second), Cancellation));
                case 4:
                    var round = new JobFilter.Comparison(
                        FilterField.PipelineId, FilterOperator.Equal, new TextPattern($"round{salt}", false, false));
                    var page =
                        await store.ListAsync(
                            new JobQuery(new JobFilter.And(round, filter), null, 1 + second), Cancellation);
                    return string.Join("\n", page.Select(TestJobs.Text));
                default:
                    var mine = Enumerable.Range(0, 4).Select(id).ToHashSet();
                    return string.Join(",", (await store.ListUnfinishedAsync(Cancellation))
                        .Select(job => job.JobId).Where(mine.Contains));
            }
        }
        catch (ArgumentException failure)
        {
            return failure.GetType().Name;
        }
    }

    private static JobRecord Change(JobRecord before, int way) => way switch
    {
        0 => before,
        1 => before with
        {
            Status = ForegSyte.V1.JobStatus.Running,
            // Numbers stay unique after the first attempts are deleted.
            Attempts =
            [
                .. before.Attempts,
                new AttemptRecord(
                    before.Attempts is [.., var last] ? last.Number + 1 : 1, before.UpdatedAt, null, null),
            ],
        },
        2 => before with
        {
            Status = ForegSyte.V1.JobStatus.Failed,
            Failure =
                new JobFailure(
                    ForegSyte.V1.ErrorReason.StageFailed, "x", new Dictionary<string, string> { ["node"] = "é" }),
            Attempts = [.. before.Attempts.Select(attempt => attempt with { EndedAt = before.UpdatedAt.AddTicks(7) })],
        },
        _ => before with { Attempts = [.. before.Attempts.Skip(1)], UpdatedAt = before.UpdatedAt.AddSeconds(1) },
    };

    private static Guid Salted(Guid id, byte salt)
    {
        var bytes = id.ToByteArray();
        bytes[0] = salt;
        return new Guid(bytes);
    }
}
