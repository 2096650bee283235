using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Paging;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tracks;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Pages of the tracks of a job, limited by number and size. A completed job's pages come from its tracks document; any
/// other job's come from its finished segments. A page begins at an id, so that page tokens stay valid when the job
/// completes.
/// </summary>
internal sealed class TrackPages(JobTracker tracker, IStorage storage, LiveTracks live)
{
    /// <summary>Size of the tag of the repeated field.</summary>
    private const int TagBytes = 1;

    /// <summary>Reads a page of objects.</summary>
    /// <exception cref="ServiceException">
    /// JOB_NOT_FOUND, INVALID_FIELD, INVALID_PAGE_TOKEN, RESULTS_DAMAGED or STORAGE_FULL.
    /// </exception>
    public async Task<ListObjectTracksResponse> ReadAsync(
        ListObjectTracksRequest request, CancellationToken cancellationToken)
    {
        var (jobId, arguments) = Parse(nameof(JobService.JobServiceBase.ListObjectTracks), request.JobId);
        var start = PageStart.Of(arguments, request.PageSize, request.PageToken);
        var page = await ReadAsync<ObjectTrack>(jobId, TrackSection.Objects, start, cancellationToken);
        return new ListObjectTracksResponse
        {
            ObjectTracks = { page.Items },
            NextPageToken = page.TokenFor(arguments),
            Complete = page.Complete,
            EndFrame = page.EndFrame,
        };
    }

    /// <summary>Reads a page of texts.</summary>
    /// <exception cref="ServiceException">As for objects.</exception>
    public async Task<ListTextTracksResponse> ReadAsync(
        ListTextTracksRequest request, CancellationToken cancellationToken)
    {
        var (jobId, arguments) = Parse(nameof(JobService.JobServiceBase.ListTextTracks), request.JobId);
        var start = PageStart.Of(arguments, request.PageSize, request.PageToken);
        var page = await ReadAsync<TextTrack>(jobId, TrackSection.Texts, start, cancellationToken);
        return new ListTextTracksResponse
        {
            TextTracks = { page.Items },
            NextPageToken = page.TokenFor(arguments),
            Complete = page.Complete,
            EndFrame = page.EndFrame,
        };
    }

    /// <summary>Reads a page of shots.</summary>
    /// <exception cref="ServiceException">As for objects.</exception>
    public async Task<ListShotsResponse> ReadAsync(ListShotsRequest request, CancellationToken cancellationToken)
    {
        var (jobId, arguments) = Parse(nameof(JobService.JobServiceBase.ListShots), request.JobId);
        var start = PageStart.Of(arguments, request.PageSize, request.PageToken);
        var page = await ReadAsync<Shot>(jobId, TrackSection.Shots, start, cancellationToken);
        return new ListShotsResponse
        {
            Shots = { page.Items },
            NextPageToken = page.TokenFor(arguments),
            Complete = page.Complete,
            EndFrame = page.EndFrame,
        };
    }

    private static (Guid JobId, string Arguments) Parse(string method, string jobIdText)
    {
        var jobId = RequestChecks.JobId(jobIdText);
        return (jobId, $"{method} {jobId}");
    }

    private async Task<Page<T>> ReadAsync<T>(
        Guid jobId, TrackSection section, PageStart start, CancellationToken cancellationToken)
        where T : class, IMessage, new()
    {
        while (true)
        {
            var job = await FindAsync(jobId, cancellationToken);
            if (job.Status == JobStatus.Completed)
            {
                return await ReadDocumentAsync<T>(job, section, start, cancellationToken);
            }

            var page = await live.ReadAsync(
                job, tracks => TakeAsync(tracks.ReadAsync<T>(section, start.FirstId, cancellationToken), start),
                cancellationToken);
            if (page.IsShort && (await FindAsync(jobId, cancellationToken)).Status == JobStatus.Completed)
            {
                continue;
            }

            var (items, next) = page.Result;
            if (job.IsTerminal)
            {
                items?.ForEach(End);
            }

            return new Page<T>(items ?? [], next, Complete: false, page.EndFrame);
        }
    }

    private async Task<JobRecord> FindAsync(Guid jobId, CancellationToken cancellationToken) =>
        await tracker.FindAsync(jobId, cancellationToken) ?? throw JobErrors.NotFound(jobId);

    private async Task<Page<T>> ReadDocumentAsync<T>(
        JobRecord job, TrackSection section, PageStart start, CancellationToken cancellationToken)
        where T : class, IMessage, new()
    {
        var endFrame = job.Video?.FrameCount ?? 0;
        if (!job.HasTracks)
        {
            return new Page<T>([], null, Complete: true, endFrame);
        }

        await using var document = await TracksDocumentReader.OpenAsync(storage, job.OutputPath!, cancellationToken);
        var (items, next) = await TakeAsync(
            document.ReadAsync<T>(section, start.FirstId, cancellationToken), start);
        return new Page<T>(items, next, Complete: true, endFrame);
    }

    /// <summary>Takes the tracks of a page, at least one if there is one, and the id of the next one.</summary>
    private static async Task<(List<T> Items, int? Next)> TakeAsync<T>(IAsyncEnumerable<T> tracks, PageStart start)
        where T : class, IMessage
    {
        var items = new List<T>();
        long bytes = 0;
        await foreach (var track in tracks)
        {
            bytes += TagBytes + CodedOutputStream.ComputeMessageSize(track);
            if (items.Count == start.Size || (items.Count > 0 && bytes > ResultPages.MaxPageBytes))
            {
                return (items, TracksFormat.IdOf(track));
            }

            items.Add(track);
        }

        return (items, null);
    }

    /// <summary>The tracks of a job that failed or was cancelled do not go on.</summary>
    private static void End(IMessage track)
    {
        switch (track)
        {
            case ObjectTrack found:
                found.Live = false;
                break;
            case TextTrack text:
                text.Live = false;
                break;
            case Shot shot:
                shot.Live = false;
                break;
        }
    }

    /// <param name="FirstId">Minimum id of the page.</param>
    /// <param name="Size">Maximum number of tracks.</param>
    private readonly record struct PageStart(int FirstId, int Size)
    {
        public static PageStart Of(string arguments, int pageSize, string token)
        {
            var size = RequestChecks.Size("page_size", pageSize, ListPage.DefaultSize, ListPage.MaxSize);
            if (token.Length == 0)
            {
                return new PageStart(0, size);
            }

            return int.TryParse(
                PageToken.Read(arguments, token), NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                    ? new PageStart(first, size)
                    : throw PageToken.Invalid();
        }
    }

    /// <param name="Items">The tracks, by id.</param>
    /// <param name="Next">Id of the first track of the next page; null on the last page.</param>
    /// <param name="Complete">Whether the job is completed.</param>
    /// <param name="EndFrame">Index after the last frame with finished results.</param>
    private sealed record Page<T>(IReadOnlyList<T> Items, int? Next, bool Complete, int EndFrame)
    {
        public string TokenFor(string arguments) => Next is { } first
            ? PageToken.Make(arguments, first.ToString(CultureInfo.InvariantCulture))
            : "";
    }
}
