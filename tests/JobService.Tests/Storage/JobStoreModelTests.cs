using CsCheck;
using ForegSyte.Jobs.Filters;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Jobs.Filters;
using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>DuckDB and a dictionary give the same answers to the same questions.</summary>
public sealed class JobStoreModelTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DatabaseFixture _database;

    public JobStoreModelTests() => _database = new DatabaseFixture(_folder.File("jobs.duckdb"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task List_AnyFilter_HoldsTheJobsThatTheFilterMeans()
    {
        // One set of jobs for all filters: what varies is the question.
        var jobs = FilterGenerators.Job.Array[200].Single();
        foreach (var job in jobs)
        {
            await _database.Store.InsertAsync(job, Cancellation);
        }

        await FilterGenerators.Filter.SampleAsync(
            async filter =>
            {
                var found = await _database.Store.ListAsync(new JobQuery(filter, null, 1_000), Cancellation);
                var expected = jobs.Where(job => JobFilterEvaluator.Matches(filter, job)).Select(job => job.JobId);
                Assert.Equal(expected.Order(), found.Select(job => job.JobId).Order());
            },
            iter: 200, threads: 1, print: FilterText.Print);
    }

    [Fact]
    public async Task AnySteps_OnBothStores_GiveTheSame()
    {
        var ids = Enumerable.Range(0, 4).Select(_ => Guid.NewGuid()).ToArray();
        var round = 0;
        await Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.Int[0, 3], FilterGenerators.Filter).Array[1, 15].SampleAsync(
            async steps =>
            {
                // Ids of their own, so that the rounds can share a database; the questions are asked by these ids.
                var salt = (byte)Interlocked.Increment(ref round);
                var model = new InMemoryJobStore();
                foreach (var (kind, first, second, filter) in steps)
                {
                    Assert.Equal(
                        await StepAsync(model, kind, first, second, filter, i => Salted(ids[i], salt), salt),
                        await StepAsync(_database.Store, kind, first, second, filter, i => Salted(ids[i], salt), salt));
                }
            },
            iter: 60, threads: 1);
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
            Attempts = [.. before.Attempts, new AttemptRecord(before.Attempts.Count + 1, before.UpdatedAt, null, null)],
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
