using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Search;

/// <summary>The RPCs of SearchService over a socket.</summary>
public sealed class SearchRpcTests : IAsyncLifetime
{
    private RunningJobService _service = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private SearchService.SearchServiceClient Client => new(_service.Channel);

    public async ValueTask InitializeAsync() =>
        _service = await RunningJobService.StartAsync(RunningJobService.NotServing());

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task SearchTracks_SeveralPages_HaveEveryMatchOnce()
    {
        var jobs = await AddAsync(count: 3);
        var found = new List<string>();
        var request = new SearchTracksRequest { Label = "person", PageSize = 2 };
        do
        {
            var page = await Client.SearchTracksAsync(request, cancellationToken: Cancellation);
            found.AddRange(page.Matches.Select(match => $"{match.Job.DisplayName} {match.Track.TrackId}"));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(["j2 1", "j2 2", "j1 1", "j1 2", "j0 1", "j0 2"], found);
        Assert.Equal(3, jobs.Count);
    }

    [Fact]
    public async Task SearchTexts_FuzzyWithFilter_HasTextAndJob()
    {
        var jobs = await AddAsync(count: 3);

        var page = await Client.SearchTextsAsync(
            new SearchTextsRequest
            {
                Text = "gate O7",
                Match = TextMatch.Fuzzy,
                JobFilter = "tags.camera = c1",
                MinConfidence = 0.5f,
            },
            cancellationToken: Cancellation);

        var match = Assert.Single(page.Matches);
        Assert.Equal(("GATE 07", jobs[1].JobId.ToString()), (match.Track.Text, match.Job.JobId));
        Assert.Equal("c1", match.Job.Tags["camera"]);
        Assert.Equal(jobs[1].CreatedAt, match.Job.CreatedAt.ToDateTimeOffset());
        Assert.Empty(page.NextPageToken);
    }

    [Fact]
    public async Task SearchTracks_TokenOfOtherConditions_IsInvalid()
    {
        await AddAsync(count: 2);
        var page = await Client.SearchTracksAsync(
            new SearchTracksRequest { Label = "person", PageSize = 1 }, cancellationToken: Cancellation);

        foreach (var request in (SearchTracksRequest[])
        [
            new() { PageToken = page.NextPageToken },
            new() { Label = "person", MinConfidence = 0.1f, PageToken = page.NextPageToken },
            new() { Label = "person", JobFilter = "tags:camera", PageToken = page.NextPageToken },
            new() { Label = "person", PageToken = "nonsense" },
        ])
        {
            await AssertInvalidAsync(
                Client.SearchTracksAsync(request, cancellationToken: Cancellation), "INVALID_PAGE_TOKEN");
        }
    }

    [Theory]
    [InlineData("", 0, "", 0, "MISSING_FIELD")]
    [InlineData("- -", 0, "", 0, "INVALID_FIELD")]
    [InlineData("a", 1.5f, "", 0, "INVALID_FIELD")]
    [InlineData("a", float.NaN, "", 0, "INVALID_FIELD")]
    [InlineData("a", -0.1f, "", 0, "INVALID_FIELD")]
    [InlineData("a", 0, "status =", 0, "INVALID_FILTER")]
    [InlineData("a", 0, "", -1, "INVALID_FIELD")]
    public async Task SearchTexts_InvalidField_NamesIt(
        string text, float confidence, string filter, int pageSize, string reason) => await AssertInvalidAsync(
        Client.SearchTextsAsync(
            new SearchTextsRequest
            {
                Text = text,
                MinConfidence = confidence,
                JobFilter = filter,
                PageSize = pageSize,
            },
            cancellationToken: Cancellation),
        reason);

    [Fact]
    public async Task SearchTexts_TooLongTextOrUnknownMatch_IsInvalid()
    {
        await AssertInvalidAsync(
            Client.SearchTextsAsync(
                new SearchTextsRequest { Text = new string('a', 256) }, cancellationToken: Cancellation),
            "INVALID_FIELD");
        await AssertInvalidAsync(
            Client.SearchTextsAsync(
                new SearchTextsRequest { Text = "a", Match = (TextMatch)9 }, cancellationToken: Cancellation),
            "INVALID_FIELD");
        await AssertInvalidAsync(
            Client.SearchTracksAsync(
                new SearchTracksRequest { ZoneId = "a b" }, cancellationToken: Cancellation),
            "INVALID_FIELD");
    }

    [Fact]
    public async Task Search_LongerThanTheLimit_IsDeadlineExceeded()
    {
        var time = new FakeTimeProvider();
        var store = new EndlessStore();
        var pages = new SearchPages(store, Options.Create(new SearchOptions()), time);

        var search = pages.ReadAsync(new SearchTracksRequest(), Caller.Anonymous, Cancellation);
        await store.Started.Task;
        time.Advance(new SearchOptions().TimeLimit);

        var failure = await Assert.ThrowsAsync<ServiceException>(() => search);
        Assert.Equal(ErrorReason.DeadlineExceeded, failure.Reason);
        Assert.Equal("Search:TimeLimit", failure.Metadata["option"]);
    }

    private static async Task AssertInvalidAsync<T>(AsyncUnaryCall<T> call, string reason)
    {
        var (code, info, _) = await RunningJobService.FailureOfAsync(call);
        Assert.Equal((StatusCode.InvalidArgument, reason), (code, info.Reason));
    }

    /// <summary>Stores completed jobs with two objects and a text each; the last one is the newest.</summary>
    private async Task<List<JobRecord>> AddAsync(int count)
    {
        var jobs = new List<JobRecord>();
        for (var i = 0; i < count; i++)
        {
            var job = TestJobs.Pending(createdAt: TestJobs.Noon.AddMinutes(i)) with
            {
                Status = JobStatus.Completed,
                HasTracks = true,
                DisplayName = $"j{i}",
                Tags = new JobTags([new("camera", $"c{i}")]),
                OutputPath = "results.json",
                EndedAt = TestJobs.Noon.AddMinutes(i),
            };
            var tracks = new IndexedTracks(job, maxTracks: 10);
            tracks.Add(new ObjectTrack { TrackId = 1, Label = "person", Confidence = 0.5f });
            tracks.Add(new ObjectTrack { TrackId = 2, Label = "person", Confidence = 0.9f });
            tracks.Add(new ObjectTrack { TrackId = 3, Label = "dog", Confidence = 0.9f });
            tracks.Add(new TextTrack { TrackId = 1, Text = "GATE 07", Confidence = 0.8f });
            tracks.Add(new TextTrack { TrackId = 2, Text = "GATE 07", Confidence = 0.3f });

            // The indexer of the service does not find the artifact, so it leaves the job in the queue.
            await _service.Services.GetRequiredService<IJobStore>().InsertAsync(job, Cancellation);
            Assert.True(
                await _service.Services.GetRequiredService<ISearchStore>().IndexAsync(tracks, Cancellation),
                "The job was not indexed.");
            jobs.Add(job);
        }

        return jobs;
    }

    private sealed class EndlessStore : ISearchStore
    {
        public TaskCompletionSource Started { get; } = new();

        public Task<IReadOnlyList<UnindexedJob>> ListUnindexedAsync(
            DateTimeOffset now, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<long> CountUnindexedAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> IndexAsync(IndexedTracks tracks, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task PostponeAsync(Guid jobId, DateTimeOffset dueAt, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public async Task<IReadOnlyList<FoundTrack<ObjectTrack>>> FindObjectsAsync(
            ObjectSearch search, CancellationToken cancellationToken)
        {
            Started.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return [];
        }

        public Task<IReadOnlyList<FoundTrack<TextTrack>>> FindTextsAsync(
            TextSearch search, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
