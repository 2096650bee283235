using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>A video on another server, at an allowed address.</summary>
/// <param name="Uri">The uri of the submission.</param>
/// <param name="Address">Creates the address for one request; a signature in it is valid for a short time only.</param>
/// <param name="FollowsRedirects">Whether the server may redirect to another address.</param>
internal sealed record RemoteVideo(string Uri, Func<Uri> Address, bool FollowsRedirects);

/// <summary>Receives the bytes of a fetch. An exception ends the fetch and reaches the caller unchanged.</summary>
internal interface IFetchSink
{
    /// <summary>Called with the size of the video if the server sends it; refuses one that is too large.</summary>
    void Expect(long totalBytes);

    /// <summary>Receives the next bytes; refuses them if they are too many or cannot be a video.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Discards all bytes: the transfer starts again.</summary>
    void Restart();
}

/// <summary>
/// Fetches videos from other servers, with a limit on the time of each and on their number, which tenants share.
/// </summary>
internal sealed class VideoFetcher(
    FetchConnections connections,
    HttpsLocations https,
    S3Locations s3,
    IOptions<SourcesOptions> options,
    IOptions<TenantOptions> tenants,
    TimeProvider time,
    ILogger<VideoFetcher> logger)
{
    private readonly TenantPlaces _slots = new(
        new TenantTurns(
            tenant => tenants.Value.For(tenant).Weight, tenant => ShareOf(tenant, tenants.Value, options.Value)),
        () => options.Value.MaxConcurrentFetches,
        () => 0);

    /// <summary>Parses a uri and checks that it is allowed, without a request to any server.</summary>
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
            : throw FetchErrors.Unsupported(
                uri, "uri must begin with file:///, https:// or s3://; other schemes are not supported.");
    }

    /// <summary>Fetches a whole video.</summary>
    /// <exception cref="ServiceException">
    /// SOURCE_NOT_FOUND, SOURCE_NOT_ALLOWED, SOURCE_UNAVAILABLE, TOO_MANY_CALLS, DEADLINE_EXCEEDED by
    /// Sources:FetchTimeout, or a refusal of the sink.
    /// </exception>
    public async Task FetchAsync(
        RemoteVideo video, string tenant, IFetchSink sink, CancellationToken cancellationToken)
    {
        var settings = options.Value;
        using var slot = await TakeSlotAsync(video, tenant, settings, cancellationToken);
        using var limit = new CancellationTokenSource(settings.FetchTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await new HttpDownload(video, sink, connections, https, settings, time, logger).RunAsync(either.Token);
        }
        catch (OperationCanceledException)
            when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw FetchErrors.TooSlow(video.Uri, settings.FetchTimeout);
        }
    }

    private async Task<IDisposable> TakeSlotAsync(
        RemoteVideo video, string tenant, SourcesOptions settings, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var slot = _slots.EnterAsync(tenant, either.Token);
        if (!slot.IsCompleted)
        {
            limit.CancelAfter(settings.MaxFetchWait);
        }

        try
        {
            return await slot;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var share = ShareOf(tenant, tenants.Value, settings);
            throw share < settings.MaxConcurrentFetches
                ? FetchErrors.TooMany(
                    video.Uri, tenants.Value.For(tenant).NameOf(nameof(TenantOptions.MaxFetches)), share,
                    settings.BusyRetryDelay)
                : FetchErrors.TooMany(
                    video.Uri, "Sources:MaxConcurrentFetches", settings.MaxConcurrentFetches, settings.BusyRetryDelay);
        }
    }

    private static int ShareOf(string tenant, TenantOptions tenants, SourcesOptions sources) =>
        TenantOptions.ShareOf(tenant, tenants.For(tenant).MaxFetches, sources.MaxConcurrentFetches);
}
