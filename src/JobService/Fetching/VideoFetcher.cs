using ForegSyte.Hosting.Errors;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>Fetches videos from other servers, a limited number at a time, each within a limited time.</summary>
internal sealed class VideoFetcher(
    FetchConnections connections,
    HttpsLocations https,
    S3Locations s3,
    IOptions<SourcesOptions> options,
    TimeProvider time,
    ILogger<VideoFetcher> logger) : IDisposable
{
    private readonly SemaphoreSlim _places = new(options.Value.MaxConcurrentFetches);

    /// <summary>Reads a uri and checks that it is allowed. Nobody is asked.</summary>
    /// <exception cref="ServiceException">UNSUPPORTED_URI or SOURCE_NOT_ALLOWED.</exception>
    public RemoteVideo Locate(string uri)
    {
        if (uri.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
        {
            var address = https.Require(uri);
            return new RemoteVideo(uri, () => address, FollowsRedirects: true);
        }

        return uri.StartsWith("s3:", StringComparison.OrdinalIgnoreCase)
            ? s3.Require(uri)
            : throw FetchFailures.Unsupported(
                uri, "uri has to begin with file:///, https:// or s3://; other schemes are not supported.");
    }

    /// <summary>Fetches a video, whole.</summary>
    /// <exception cref="ServiceException">
    /// SOURCE_NOT_FOUND, SOURCE_NOT_ALLOWED, SOURCE_UNAVAILABLE, TOO_MANY_CALLS, DEADLINE_EXCEEDED by
    /// Sources:FetchTimeout, or what the sink refuses.
    /// </exception>
    public async Task FetchAsync(RemoteVideo video, IFetchSink sink, CancellationToken cancellationToken)
    {
        var settings = options.Value;
        if (!await _places.WaitAsync(settings.MaxFetchWait, cancellationToken))
        {
            throw FetchFailures.TooMany(video.Uri, settings.MaxConcurrentFetches, settings.BusyRetryDelay);
        }

        using var limit = new CancellationTokenSource(settings.FetchTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await new HttpDownload(video, sink, connections, https, settings, time, logger).RunAsync(either.Token);
        }
        catch (OperationCanceledException)
            when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw FetchFailures.TooSlow(video.Uri, settings.FetchTimeout);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _places.Dispose();
}
