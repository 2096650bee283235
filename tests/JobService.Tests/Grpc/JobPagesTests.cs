using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Views and sizes of the pages of ListJobs.</summary>
public sealed class JobPagesTests : IDisposable
{
    /// <summary>Largest message that gRPC clients accept by default.</summary>
    private const int ClientLimit = 4 << 20;

    private readonly FakeTimeProvider _time = new();
    private readonly StoppableHost _host = new();
    private readonly InMemoryJobStore _store = new();
    private readonly GracefulShutdown _stop;
    private readonly Drain _drain;
    private readonly JobPages _pages;

    public JobPagesTests()
    {
        _stop = new GracefulShutdown(_host, Options.Create(new StopOptions()), _time);
        _drain = new Drain(_stop, _host, _time);
        var availability = new InferenceAvailability(
            new ScriptedInference(), Options.Create(new DispatchOptions()), _time);
        var tracker = new JobTracker(_store);
        var storageAccess = new StorageAccess(
            new ScriptedInference(), new InMemoryStorage(), tracker, _store,
            Options.Create(new InferenceOptions()), NullLogger<StorageAccess>.Instance);
        _pages = new JobPages(
            _store, tracker, new JobMessages(new WaitReasons(new IdleClaims(), availability, storageAccess, _drain)));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _drain.Dispose();
        _stop.Dispose();
        _host.Dispose();
    }

    [Fact]
    public async Task Read_ByDefault_ReturnsTheBasicView()
    {
        await AddAsync(TestJobs.Full());

        var job = Assert.Single((await _pages.ReadAsync(new(), Caller.Anonymous, Cancellation)).Jobs);
        var full = Assert.Single(
            (await _pages.ReadAsync(new() { View = JobView.Full }, Caller.Anonymous, Cancellation)).Jobs);

        Assert.Equal((full.Etag, full.Error, full.Progress), (job.Etag, job.Error, job.Progress));
        Assert.Equal((2, 2), (full.Attempts.Count, full.Devices.Count));
        full.Video = null;
        full.Summary = null;
        full.Timings = null;
        full.Devices.Clear();
        full.Attempts.Clear();
        Assert.Equal(full, job);
    }

    /// <summary>
    /// Jobs with all labels and texts, tags and names that they can have.
    /// </summary>
    [Theory]
    [InlineData(JobView.Basic)]
    [InlineData(JobView.Full)]
    public async Task Read_ThousandLargestJobs_EveryPageFitsIntoAMessage(JobView view)
    {
        const int Count = 1_000;
        var summary = LargestSummary();
        var tags = new JobTags(Enumerable.Range(0, JobTags.MaxCount).Select(i => KeyValuePair.Create(
            $"key_{i}".PadRight(JobTags.MaxKeyLength, 'x'), new string('ж', JobTags.MaxValueLength))));
        for (var i = 0; i < Count; i++)
        {
            await AddAsync(TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(i)) with
            {
                Status = JobStatus.Completed,
                DisplayName = new string('ж', 255),
                Tags = tags,
                Summary = summary,
            });
        }

        var (jobs, sizes) = await ReadAllAsync(view);

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{view}: {sizes.Count} pages, the largest has {sizes.Max()} bytes");
        Assert.Equal(Count, jobs.Select(job => job.JobId).Distinct().Count());
        Assert.Equal(jobs.OrderByDescending(job => job.CreatedAt.ToDateTimeOffset()), jobs);
        Assert.All(sizes, size => Assert.InRange(size, 1, JobPages.MaxPageBytes));
        Assert.True(JobPages.MaxPageBytes < ClientLimit, "A page can be larger than clients accept.");
        Assert.True(sizes.Count > 1, "All jobs fit into one page, so the limit was not tested.");
    }

    [Fact]
    public async Task Read_AJobLargerThanAPage_IsAPageOfItsOwn()
    {
        var failure = new JobFailure(ErrorReason.StageFailed, new string('x', JobPages.MaxPageBytes));
        for (var i = 0; i < 3; i++)
        {
            await AddAsync(TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(i)) with
            {
                Status = JobStatus.Failed,
                Failure = i == 1 ? failure : null,
            });
        }

        var (jobs, sizes) = await ReadAllAsync(JobView.Basic);

        Assert.Equal((3, 3), (jobs.Count, sizes.Count));
    }

    private static JobSummary LargestSummary() => new()
    {
        Labels =
        {
            Enumerable.Range(0, SummaryBuilder.MaxLabels).Select(
                i => new LabelSummary { Label = $"a label of a model {i}", DetectionCount = long.MaxValue }),
        },
        Texts =
        {
            Enumerable.Range(0, SummaryBuilder.MaxTexts).Select(i => new TextSummary
            {
                Text = $"{i}".PadRight(SummaryBuilder.MaxTextLength, 'ж'),
                FrameCount = long.MaxValue,
            }),
        },
    };

    private async Task<(List<Job> Jobs, List<int> Sizes)> ReadAllAsync(JobView view)
    {
        var (jobs, sizes) = (new List<Job>(), new List<int>());
        var request = new ListJobsRequest { PageSize = JobPages.MaxPageSize, View = view };
        do
        {
            var page = await _pages.ReadAsync(request, Caller.Anonymous, Cancellation);
            jobs.AddRange(page.Jobs);
            sizes.Add(page.CalculateSize());
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        return (jobs, sizes);
    }

    private async Task AddAsync(JobRecord job) => await _store.InsertAsync(job, Cancellation);
}
