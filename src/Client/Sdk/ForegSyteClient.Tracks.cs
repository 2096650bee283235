using ForegSyte.V1;

namespace ForegSyte.Client;

/// <content>Lists objects, texts and shots of a job.</content>
public partial class ForegSyteClient
{
    /// <summary>
    /// Lists the objects of a job over time, by track_id; reads further pages on demand. A completed job has all its
    /// tracks; any other job has those of its finished segments, of which live ones can still change.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="pageSize">Tracks per page, 0 to 1000; 0 means the server's default of 50.</param>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="ForegSyteException">
    /// INVALID_FIELD, JOB_NOT_FOUND, RESULTS_DAMAGED, or the server could not be reached.
    /// </exception>
    public virtual IAsyncEnumerable<ObjectTrack> ListObjectTracksAsync(
        string jobId,
        int pageSize = 0,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        return ReadPagesAsync(
            (pageToken, token) =>
            {
                var request = new ListObjectTracksRequest
                {
                    JobId = jobId,
                    PageSize = pageSize,
                    PageToken = pageToken,
                };
                return CallsWith(callOptions).RunAsync(
                    _options.ReadDeadline, call => _service.ListObjectTracksAsync(request, call), token);
            },
            page => page.ObjectTracks,
            page => page.NextPageToken,
            cancellationToken);
    }

    /// <summary>Lists the texts of a job over time, by track_id; reads further pages on demand.</summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="pageSize">Tracks per page, 0 to 1000; 0 means the server's default of 50.</param>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="ForegSyteException">Those of <see cref="ListObjectTracksAsync"/>.</exception>
    public virtual IAsyncEnumerable<TextTrack> ListTextTracksAsync(
        string jobId,
        int pageSize = 0,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        return ReadPagesAsync(
            (pageToken, token) =>
            {
                var request = new ListTextTracksRequest { JobId = jobId, PageSize = pageSize, PageToken = pageToken };
                return CallsWith(callOptions).RunAsync(
                    _options.ReadDeadline, call => _service.ListTextTracksAsync(request, call), token);
            },
            page => page.TextTracks,
            page => page.NextPageToken,
            cancellationToken);
    }

    /// <summary>
    /// Lists the parts of a job's video between cuts, by number; reads further pages on demand.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="pageSize">Shots per page, 0 to 1000; 0 means the server's default of 50.</param>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="ForegSyteException">Those of <see cref="ListObjectTracksAsync"/>.</exception>
    public virtual IAsyncEnumerable<Shot> ListShotsAsync(
        string jobId,
        int pageSize = 0,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        return ReadPagesAsync(
            (pageToken, token) =>
            {
                var request = new ListShotsRequest { JobId = jobId, PageSize = pageSize, PageToken = pageToken };
                return CallsWith(callOptions).RunAsync(
                    _options.ReadDeadline, call => _service.ListShotsAsync(request, call), token);
            },
            page => page.Shots,
            page => page.NextPageToken,
            cancellationToken);
    }
}
