using ForegSyte.Client.Downloads;
using ForegSyte.V1;

namespace ForegSyte.Client;

/// <content>Downloads the videos of jobs, and gets single frames of them.</content>
public partial class ForegSyteClient
{
    /// <summary>
    /// Downloads the video of a job to a file, as it was submitted, and checks its SHA-256. The bytes go to
    /// PATH.partial until they are complete; after an interruption, also of the process, the same call continues there.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="path">Path of the file; an existing file is overwritten.</param>
    /// <param name="progress">Receives a report after each range. Null for none.</param>
    /// <param name="callOptions">Options of each call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the download.</param>
    /// <returns>Size of the video in bytes.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, VIDEO_GONE, the server was unavailable for longer than <see
    /// cref="ForegSyteClientOptions.MaxOutage"/>, or DATA_LOSS: the bytes do not have the SHA-256 of the video.
    /// </exception>
    public virtual Task<long> DownloadVideoAsync(
        string jobId,
        string path,
        IProgress<DownloadProgress>? progress = null,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        ArgumentNullException.ThrowIfNull(path);
        return DownloadOf(jobId, progress, callOptions).ToFileAsync(path, cancellationToken);
    }

    /// <summary>
    /// Downloads the video of a job to a stream, as it was submitted, and checks its SHA-256. Writes from the position
    /// of the stream on, and does not close it. If the call fails, the stream has a part of the video or a damaged one.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="destination">A stream that can be written. Nothing else may use it until the call
    /// returns.</param>
    /// <param name="progress">Receives a report after each range. Null for none.</param>
    /// <param name="callOptions">Options of each call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the download.</param>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    /// <inheritdoc cref="DownloadVideoAsync(string, string, IProgress{DownloadProgress}, ForegSyteCallOptions,
    /// CancellationToken)" path="/returns|/exception[@cref='ForegSyteException']"/>
    public virtual Task<long> DownloadVideoAsync(
        string jobId,
        Stream destination,
        IProgress<DownloadProgress>? progress = null,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        ArgumentNullException.ThrowIfNull(destination);
        return DownloadOf(jobId, progress, callOptions).ToStreamAsync(destination, cancellationToken);
    }

    /// <summary>Reads a part of the video of a job.</summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="offset">First byte, from 0 to the size of the video.</param>
    /// <param name="maxBytes">
    /// Maximum number of bytes; 0 means the server's default of 1 MiB, more than 3 MiB means 3 MiB.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The bytes, and the size and SHA-256 of the whole video.</returns>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, VIDEO_GONE, INVALID_FIELD (also an offset after the end), or the server could not be reached.
    /// </exception>
    public virtual Task<DownloadVideoResponse> DownloadVideoRangeAsync(
        string jobId,
        long offset,
        int maxBytes = 0,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        var request = new DownloadVideoRequest { JobId = jobId, Offset = offset, MaxBytes = maxBytes };
        return CallsWith(callOptions).RunAsync(
            _options.ReadDeadline, call => _service.DownloadVideoAsync(request, call), cancellationToken);
    }

    /// <summary>Gets one frame of the video of a job as a JPEG, by index or by time, whole or a box of it.</summary>
    /// <param name="request">The job, the frame, and the size of the picture.</param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, VIDEO_GONE, INVALID_FIELD, INVALID_FRAME_RANGE, UNDECODABLE_VIDEO, or the server was unavailable
    /// or busy.
    /// </exception>
    public virtual Task<GetFrameResponse> GetFrameAsync(
        GetFrameRequest request,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CallsWith(callOptions).RunAsync(
            _options.ReadDeadline, call => _service.GetFrameAsync(request, call), cancellationToken);
    }

    private VideoDownload DownloadOf(
        string jobId, IProgress<DownloadProgress>? progress, ForegSyteCallOptions? callOptions)
    {
        var calls = CallsWith(callOptions);
        return new VideoDownload(
            jobId,
            (offset, token) =>
            {
                var request = new DownloadVideoRequest { JobId = jobId, Offset = offset };
                return calls.OnceAsync(
                    calls.DeadlineAfter(_options.ReadDeadline),
                    call => _service.DownloadVideoAsync(request, call),
                    token);
            },
            calls,
            _options,
            progress);
    }
}
