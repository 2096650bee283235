using ForegSyte.V1;

namespace ForegSyte.Client;

/// <content>Searches over all jobs.</content>
public partial class ForegSyteClient
{
    /// <summary>
    /// Finds objects in all completed jobs, those of the newest jobs first; reads further pages on demand.
    /// </summary>
    /// <param name="request">
    /// The conditions, for example label "person" in zone "door"; page_size is the number of tracks of a page, and
    /// page_token is ignored.
    /// </param>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <exception cref="ForegSyteException">
    /// INVALID_FIELD, INVALID_FILTER, DEADLINE_EXCEEDED, or the server could not be reached.
    /// </exception>
    public virtual IAsyncEnumerable<TrackMatch> SearchTracksAsync(
        SearchTracksRequest request,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return ReadPagesAsync(
            (pageToken, token) => SearchTracksPageAsync(
                new SearchTracksRequest(request) { PageToken = pageToken }, callOptions, token),
            page => page.Matches,
            page => page.NextPageToken,
            cancellationToken);
    }

    /// <summary>Finds one page of objects. Only an empty NextPageToken marks the last page.</summary>
    /// <param name="request">
    /// The conditions; page_token is NextPageToken of the previous page, or empty for the first one.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">Those of <see cref="SearchTracksAsync"/>, and INVALID_PAGE_TOKEN.
    /// </exception>
    public virtual Task<SearchTracksResponse> SearchTracksPageAsync(
        SearchTracksRequest request,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CallsWith(callOptions).RunAsync(
            _options.ReadDeadline, call => _searchService.SearchTracksAsync(request, call), cancellationToken);
    }

    /// <summary>
    /// Finds texts in all completed jobs, those of the newest jobs first; reads further pages on demand.
    /// </summary>
    /// <param name="request">
    /// The text and how much a reading can differ from it; page_size is the number of texts of a page, and page_token
    /// is ignored.
    /// </param>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <exception cref="ForegSyteException">
    /// MISSING_FIELD, INVALID_FIELD, INVALID_FILTER, DEADLINE_EXCEEDED, or the server could not be reached.
    /// </exception>
    public virtual IAsyncEnumerable<TextTrackMatch> SearchTextsAsync(
        SearchTextsRequest request,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return ReadPagesAsync(
            (pageToken, token) => SearchTextsPageAsync(
                new SearchTextsRequest(request) { PageToken = pageToken }, callOptions, token),
            page => page.Matches,
            page => page.NextPageToken,
            cancellationToken);
    }

    /// <summary>Finds one page of texts. Only an empty NextPageToken marks the last page.</summary>
    /// <param name="request">
    /// The text; page_token is NextPageToken of the previous page, or empty for the first one.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">Those of <see cref="SearchTextsAsync"/>, and INVALID_PAGE_TOKEN.
    /// </exception>
    public virtual Task<SearchTextsResponse> SearchTextsPageAsync(
        SearchTextsRequest request,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CallsWith(callOptions).RunAsync(
            _options.ReadDeadline, call => _searchService.SearchTextsAsync(request, call), cancellationToken);
    }
}
