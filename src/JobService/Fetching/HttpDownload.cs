using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using ForegSyte.Hosting.Errors;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// Downloads one video: sends the request, follows redirects, receives the body, and resumes after an interruption. If
/// the server identified the video by a strong ETag, the download resumes after the last byte (RFC 9110, 13.1.5 and
/// 14.2); otherwise it starts again.
/// </summary>
internal sealed class HttpDownload(
    RemoteVideo video,
    IFetchSink sink,
    FetchConnections connections,
    HttpsLocations locations,
    SourcesOptions options,
    TimeProvider time,
    ILogger logger)
{
    private const int BufferBytes = 256 << 10;
    private const string BytesUnit = "bytes";

    private readonly MinimumRate _rate = new(options.MinDataRate, options.RateWindow);
    private long _received;
    private long? _total;
    private EntityTagHeaderValue? _version;
    private bool _responded;

    /// <summary>Downloads the whole video.</summary>
    /// <exception cref="ServiceException">The server does not send it, or the sink refuses it.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var resumes = 0; ; resumes++)
        {
            try
            {
                await TransferAsync(cancellationToken);
                return;
            }
            catch (TransferBrokenException failure)
            {
                logger.LogInformation(
                    failure, "Transfer of {Uri} interrupted at byte {Received} after {Resumes} resumes",
                    FetchErrors.Shown(video.Uri), _received, resumes);
                if (!_responded || resumes >= options.MaxResumes)
                {
                    throw GivenUp(failure, resumes);
                }
            }

            await Task.Delay(options.ResumeDelay, time, cancellationToken);
        }
    }

    private async Task TransferAsync(CancellationToken cancellationToken)
    {
        using var idle = new IdleTimeout(options.IdleTimeout, time, cancellationToken);
        var address = video.Address();
        for (var redirects = 0; ; redirects++)
        {
            using var request = RequestFor(address);
            using var response = await SendAsync(request, idle);
            if (!IsRedirect(response.StatusCode) || !video.FollowsRedirects)
            {
                await ReceiveAsync(response, idle, cancellationToken);
                return;
            }

            address = Redirected(address, response, redirects);
        }
    }

    private HttpRequestMessage RequestFor(Uri address)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (_received > 0 && _version is not null)
        {
            request.Headers.Range = new RangeHeaderValue(_received, null);
            request.Headers.IfRange = new RangeConditionHeaderValue(_version);
        }

        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, IdleTimeout idle)
    {
        try
        {
            return await idle.RunAsync(token => connections.SendAsync(request, token));
        }
        catch (HttpRequestException failure) when (failure.InnerException is AddressNotAllowedException)
        {
            throw FetchErrors.NotAllowed(
                video.Uri,
                "A host on the way to the video is neither on the public internet nor in a network that this server "
                + "allows (option Sources:AllowedNetworks).",
                failure);
        }
        catch (HttpRequestException failure)
        {
            throw new TransferBrokenException(Described(failure.HttpRequestError), failure);
        }
    }

    private Uri Redirected(Uri address, HttpResponseMessage response, int redirects)
    {
        if (redirects >= options.MaxRedirects)
        {
            throw FetchErrors.Unavailable(
                video.Uri,
                $"The server of the uri redirects more than {options.MaxRedirects} times (option "
                + "Sources:MaxRedirects). Submit the final uri of the video.",
                new Dictionary<string, string>
                {
                    ["option"] = "Sources:MaxRedirects",
                    ["limit"] = options.MaxRedirects.ToString(CultureInfo.InvariantCulture),
                });
        }

        return locations.Redirected(address, response.Headers.Location)
            ?? throw FetchErrors.NotAllowed(
                video.Uri,
                "The server of the uri redirects to an address that this server does not allow: it follows redirects "
                + "only by https to allowed hosts and ports (options Sources:AllowedHosts, Sources:AllowedPorts).");
    }

    private async Task ReceiveAsync(
        HttpResponseMessage response, IdleTimeout idle, CancellationToken cancellationToken)
    {
        Accept(response);
        _responded = true;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            var started = time.GetTimestamp();
            while (await ReadAsync(body, buffer, idle) is > 0 and var read)
            {
                // The time of the writes is this server's own.
                if (!_rate.Add(read, time.GetElapsedTime(started)))
                {
                    throw FetchErrors.TooSlow(video.Uri, options.MinDataRate);
                }

                await sink.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                _received += read;
                started = time.GetTimestamp();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (_total is { } total && _received != total)
        {
            throw new TransferBrokenException("the transfer ended early");
        }
    }

    /// <summary>Checks the head of a response and prepares for its body.</summary>
    private void Accept(HttpResponseMessage response)
    {
        var isResumed = response.RequestMessage?.Headers.Range is not null;
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                Begin(response.Content.Headers.ContentLength, response.Headers.ETag);
                break;
            case HttpStatusCode.PartialContent when isResumed:
                RequireRest(response.Content.Headers.ContentRange, response.Headers.ETag);
                break;
            case var status when _responded && (int)status >= 500:
                throw new TransferBrokenException(FormattableString.Invariant($"it returned HTTP {(int)status}"));
            default:
                throw FetchErrors.OfStatus(video.Uri, response.StatusCode, RetryAfterOf(response));
        }

        if (response.Content.Headers.ContentEncoding.Any(coding => coding != "identity"))
        {
            throw FetchErrors.Unavailable(
                video.Uri,
                "The server of the uri compresses the video although the request forbids it (Content-Encoding). "
                + "Submit a uri of the uncompressed video.");
        }
    }

    private void Begin(long? total, EntityTagHeaderValue? version)
    {
        if (_received > 0)
        {
            sink.Restart();
            _received = 0;
        }

        _total = total;
        _version = version is { IsWeak: false } ? version : null;
        if (total is { } bytes)
        {
            sink.Expect(bytes);
        }
    }

    /// <summary>Requires the whole rest of the same version.</summary>
    private void RequireRest(ContentRangeHeaderValue? range, EntityTagHeaderValue? version)
    {
        var isRest = range is { Unit: BytesUnit, From: { } from, To: { } to, Length: { } length }
            && from == _received && to == length - 1 && length == (_total ?? length)
            && (version is null || version.Equals(_version));
        if (!isRest)
        {
            throw FetchErrors.Unavailable(
                video.Uri,
                "The transfer was interrupted, and the server of the uri resumed it with another range than the "
                + "requested one. Submit the video again.");
        }

        _total = range!.Length;
    }

    private static async Task<int> ReadAsync(Stream body, byte[] buffer, IdleTimeout idle)
    {
        try
        {
            return await idle.RunAsync(token => body.ReadAsync(buffer.AsMemory(0, BufferBytes), token).AsTask());
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException)
        {
            throw new TransferBrokenException("the connection broke", failure);
        }
    }

    private ServiceException GivenUp(TransferBrokenException failure, int resumes) => FetchErrors.Unavailable(
        video.Uri,
        _responded
            ? $"The server of the uri did not send the whole video, after {resumes} resumes: {failure.Message}. Try "
                + "again later, or upload the video."
            : $"The server of the uri cannot be reached: {failure.Message}. Check the uri, or try again later.",
        new Dictionary<string, string>
        {
            ["receivedBytes"] = _received.ToString(CultureInfo.InvariantCulture),
            ["totalBytes"] = _total?.ToString(CultureInfo.InvariantCulture) ?? "",
            ["resumes"] = resumes.ToString(CultureInfo.InvariantCulture),
        },
        failure);

    private TimeSpan? RetryAfterOf(HttpResponseMessage response)
    {
        var asked = response.Headers.RetryAfter;
        var delay = asked?.Delta ?? (asked?.Date - time.GetUtcNow());
        return delay > TimeSpan.Zero ? TimeSpan.FromSeconds(Math.Min(delay.Value.TotalSeconds, 3600)) : null;
    }

    private static bool IsRedirect(HttpStatusCode status) => status is
        HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
        or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private static string Described(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError => "its name is unknown",
        HttpRequestError.SecureConnectionError => "the TLS connection failed, perhaps because of its certificate",
        HttpRequestError.ConfigurationLimitExceeded => "the head of its response is too large",
        HttpRequestError.InvalidResponse => "its response is not HTTP",
        HttpRequestError.ResponseEnded => "it closed the connection",
        _ => "the connection failed",
    };
}

/// <summary>A transfer ended before its end and can be resumed.</summary>
/// <param name="message">What happened. Shown to the caller, so without addresses.</param>
/// <param name="cause">For the log.</param>
internal sealed class TransferBrokenException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Checks the rate of a transfer in consecutive windows, so that a fast beginning gives no credit.</summary>
/// <param name="bytesPerSecond">Minimum rate; 0 for none.</param>
/// <param name="window">Length of a window.</param>
internal sealed class MinimumRate(int bytesPerSecond, TimeSpan window)
{
    private long _bytes;
    private TimeSpan _elapsed;

    /// <summary>Adds bytes and the time that they took; false if the window that they end was too slow.</summary>
    public bool Add(long bytes, TimeSpan elapsed)
    {
        _bytes += bytes;
        _elapsed += elapsed;
        if (_elapsed < window)
        {
            return true;
        }

        var isFast = _bytes >= bytesPerSecond * _elapsed.TotalSeconds;
        (_bytes, _elapsed) = (0, TimeSpan.Zero);
        return isFast;
    }
}

/// <summary>Limits the time of each operation on a connection, and so the silence of a server.</summary>
internal sealed class IdleTimeout : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _idle;
    private readonly CancellationTokenSource _either;

    public IdleTimeout(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _limit = limit;
        _caller = caller;
        _idle = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(caller, _idle.Token);
    }

    /// <summary>Runs one operation on the connection with the time limit.</summary>
    /// <exception cref="TransferBrokenException">The time limit passed.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> operation)
    {
        _idle.CancelAfter(_limit);
        try
        {
            return await operation(_either.Token);
        }
        catch (OperationCanceledException failure) when (!_caller.IsCancellationRequested)
        {
            // This limit, or SocketsHttpHandler's own limit for connecting.
            throw new TransferBrokenException("it sent nothing for too long", failure);
        }
        finally
        {
            _idle.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _either.Dispose();
        _idle.Dispose();
    }
}
