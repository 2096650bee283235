using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Paging;
using ForegSyte.Hosting.Security;
using ForegSyte.Jobs.Search;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Pages of found tracks, those of the newest jobs first (AIP-158).</summary>
internal sealed class SearchPages(ISearchStore store, IOptions<SearchOptions> options, TimeProvider time)
{
    /// <summary>Default number of tracks of a page.</summary>
    public const int DefaultPageSize = 50;

    /// <summary>Maximum number of tracks of a page.</summary>
    public const int MaxPageSize = 1000;

    /// <summary>Maximum length of a searched text in code points.</summary>
    public const int MaxTextLength = 255;

    /// <summary>Maximum size of a page: 3 MiB of protobuf; gRPC clients accept 4 MiB by default.</summary>
    public const int MaxPageBytes = 3 << 20;

    /// <summary>Bytes of protobuf around the fields of a match: the tag and the length.</summary>
    private const int FramingBytes = 6;

    /// <summary>Finds a page of the objects that the caller can see.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD, INVALID_FILTER, INVALID_PAGE_TOKEN or DEADLINE_EXCEEDED.
    /// </exception>
    public async Task<SearchTracksResponse> ReadAsync(
        SearchTracksRequest request, Caller caller, CancellationToken cancellationToken)
    {
        var arguments = Arguments(request, caller);
        var (scope, size) = ScopeOf(arguments, request.JobFilter, request.PageSize, request.PageToken, caller);
        var search = new ObjectSearch(
            scope, request.Label, Id("zone_id", request.ZoneId), Id("line_id", request.LineId),
            RequestChecks.Confidence("min_confidence", request.MinConfidence));
        var found = await InTimeAsync(token => store.FindObjectsAsync(search, token), cancellationToken);
        var (matches, next) = PageOf(
            found, size, arguments, track => track.TrackId,
            track => new TrackMatch { Job = JobOf(track.Job), Track = track.Track });
        return new SearchTracksResponse { Matches = { matches }, NextPageToken = next };
    }

    /// <summary>Finds a page of the texts that the caller can see.</summary>
    /// <exception cref="ServiceException">MISSING_FIELD, INVALID_FIELD, INVALID_FILTER, INVALID_PAGE_TOKEN or
    /// DEADLINE_EXCEEDED.</exception>
    public async Task<SearchTextsResponse> ReadAsync(
        SearchTextsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        var arguments = Arguments(request, caller);
        var (scope, size) = ScopeOf(arguments, request.JobFilter, request.PageSize, request.PageToken, caller);
        var search = new TextSearch(
            scope, Folded(request.Text), MatchOf(request.Match),
            RequestChecks.Confidence("min_confidence", request.MinConfidence));
        var found = await InTimeAsync(token => store.FindTextsAsync(search, token), cancellationToken);
        var (matches, next) = PageOf(
            found, size, arguments, track => track.TrackId,
            track => new TextTrackMatch { Job = JobOf(track.Job), Track = track.Track });
        return new SearchTextsResponse { Matches = { matches }, NextPageToken = next };
    }

    /// <summary>
    /// What a token is bound to: all fields of the request but the page's, and the tenant, because a position in the
    /// list of another tenant would reveal when it created jobs.
    /// </summary>
    private static string Arguments(IMessage request, Caller caller)
    {
        var same = request switch
        {
            SearchTracksRequest tracks => new SearchTracksRequest(tracks) { PageSize = 0, PageToken = "" },
            SearchTextsRequest texts => new SearchTextsRequest(texts) { PageSize = 0, PageToken = "" },
            _ => request,
        };
        var fields = Convert.ToHexString(same.ToByteArray());
        return caller.VisibleTenant is { } tenant
            ? $"{request.Descriptor.Name} of {tenant.Length} {tenant} {fields}"
            : $"{request.Descriptor.Name} {fields}";
    }

    private static (SearchScope Scope, int Size) ScopeOf(
        string arguments, string filter, int pageSize, string pageToken, Caller caller)
    {
        var size = RequestChecks.Size("page_size", pageSize, DefaultPageSize, MaxPageSize);

        // One track more than requested shows whether there is another page.
        var scope = new SearchScope(
            caller.VisibleTenant, RequestChecks.Filter("job_filter", filter), PositionOf(arguments, pageToken),
            size + 1);
        return (scope, size);
    }

    private static string Id(string field, string text) => text.Length <= 63 && text.All(IsAllowed)
        ? text
        : throw ServiceException.InvalidField(
            field,
            $"{field} must be empty or at most 63 ASCII letters, digits, underscores and hyphens, as in the options of "
            + "the job.",
            text);

    private static bool IsAllowed(char character) => char.IsAsciiLetterOrDigit(character) || character is '_' or '-';

    private static string Folded(string text)
    {
        if (text.Length == 0)
        {
            throw ServiceException.MissingField("text", "Give the text to look for.");
        }

        if (FoldedText.Length(text) > MaxTextLength)
        {
            throw ServiceException.InvalidField(
                "text", $"text must have at most {MaxTextLength} code points.", text);
        }

        return FoldedText.Of(text) is { Length: > 0 } folded
            ? folded
            : throw ServiceException.InvalidField(
                "text", "text must have at least one letter or digit: spaces and punctuation do not count.", text);
    }

    private static TextMatch MatchOf(TextMatch match) => match switch
    {
        TextMatch.Unspecified => TextMatch.Contains,
        TextMatch.Exact or TextMatch.Contains or TextMatch.Fuzzy => match,
        _ => throw ServiceException.InvalidField(
            "match", "match must be TEXT_MATCH_EXACT, TEXT_MATCH_CONTAINS or TEXT_MATCH_FUZZY.", (int)match),
    };

    private static (List<TMatch> Matches, string NextPageToken) PageOf<TTrack, TMatch>(
        IReadOnlyList<FoundTrack<TTrack>> found, int size, string arguments, Func<TTrack, int> idOf,
        Func<FoundTrack<TTrack>, TMatch> show)
        where TMatch : IMessage
    {
        var matches = new List<TMatch>();
        var budget = MaxPageBytes;
        foreach (var match in found.Take(size).Select(show))
        {
            budget -= match.CalculateSize() + FramingBytes;
            if (budget < 0 && matches.Count > 0)
            {
                break;
            }

            matches.Add(match);
        }

        return (matches, matches.Count < found.Count
            ? PageToken.Make(arguments, TextOf(found[matches.Count - 1].Job, idOf(found[matches.Count - 1].Track)))
            : "");
    }

    private static MatchedJob JobOf(FoundJob job) => new()
    {
        JobId = job.JobId.ToString(),
        DisplayName = job.DisplayName,
        CreatedAt = job.CreatedAt.ToTimestamp(),
        Tags = { job.Tags.ToDictionary(tag => tag.Key, tag => tag.Value) },
    };

    private static string TextOf(FoundJob job, int trackId) =>
        string.Create(CultureInfo.InvariantCulture, $"{job.CreatedAt.UtcTicks} {job.JobId} {trackId}");

    private static TrackPosition? PositionOf(string arguments, string token)
    {
        if (token.Length == 0)
        {
            return null;
        }

        var parts = PageToken.Read(arguments, token)?.Split(' ');
        return parts is [var ticksText, var idText, var trackText]
            && long.TryParse(ticksText, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && Guid.TryParseExact(idText, "D", out var jobId)
            && int.TryParse(trackText, NumberStyles.None, CultureInfo.InvariantCulture, out var trackId)
                ? new TrackPosition(new JobPosition(new DateTimeOffset(ticks, TimeSpan.Zero), jobId), trackId)
                : throw PageToken.Invalid();
    }

    /// <summary>Runs a search with the time limit.</summary>
    private async Task<T> InTimeAsync<T>(
        Func<CancellationToken, Task<T>> search, CancellationToken cancellationToken)
    {
        var limit = options.Value.TimeLimit;
        using var timer = new CancellationTokenSource(limit, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return await search(ending.Token);
        }
        catch (OperationCanceledException cause)
            when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ServiceException(
                ErrorReason.DeadlineExceeded,
                $"The search took longer than {DurationText.Format(limit)}, the limit of this server (option "
                + $"{SearchOptions.TimeLimitKey}). Search for more characters, or in fewer jobs with job_filter.",
                cause)
            {
                Metadata = new Dictionary<string, string>
                {
                    ["option"] = SearchOptions.TimeLimitKey,
                    ["limit"] = DurationText.Format(limit),
                },
            };
        }
    }
}
