using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using ForegSyte.Hosting.Errors;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// One download: asks, follows redirects, receives, and goes on after a break. Where the server named the version of
/// the video by a strong ETag it goes on after the last byte (RFC 9110, 13.1.5 and 14.2), otherwise it begins again.
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

    private long _received;
    private long? _total;
    private EntityTagHeaderValue? _version;
    private bool _answered;

    /// <summary>Receives the whole video.</summary>
    /// <exception cref="ServiceException">It cannot be had, or the sink refuses it.</exception>
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
                    failure, "The transfer of {Uri} broke at byte {Received}, resumed {Resumes} times so far",
                    FetchFailures.Shown(video.Uri), _received, resumes);
                if (!_answered || resumes >= options.MaxResumes)
                {
                    throw GivenUp(failure, resumes);
                }
            }

            await Task.Delay(options.ResumeDelay, time, cancellationToken);
        }
    }

    private async Task TransferAsync(CancellationToken cancellationToken)
    {
        using var patience = new IdleTimeout(options.IdleTimeout, time, cancellationToken);
        var address = video.Address();
        for (var redirects = 0; ; redirects++)
        {
            using var request = RequestFor(address);
            using var response = await SendAsync(request, patience);
            if (!IsRedirect(response.StatusCode) || !video.FollowsRedirects)
            {
                await ReceiveAsync(response, patience, cancellationToken);
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

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, IdleTimeout patience)
    {
        try
        {
            return await patience.OfAsync(token => connections.SendAsync(request, token));
        }
        catch (HttpRequestException failure) when (failure.InnerException is AddressNotAllowedException)
        {
            throw FetchFailures.NotAllowed(
                video.Uri,
                "A host on the way to the video is not on the public internet, and in none of the networks that this "
                + "server allows (option Sources:AllowedNetworks).",
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
            throw FetchFailures.Unavailable(
                video.Uri,
                $"The server of the uri redirects more than {options.MaxRedirects} times (option "
                + "Sources:MaxRedirects). Give the uri where the video is.",
                new Dictionary<string, string>
                {
                    ["option"] = "Sources:MaxRedirects",
                    ["limit"] = options.MaxRedirects.ToString(CultureInfo.InvariantCulture),
                });
        }

        return locations.Redirected(address, response.Headers.Location)
            ?? throw FetchFailures.NotAllowed(
                video.Uri,
                "The server of the uri redirects to where this server does not go: only to https, and to hosts and "
                + "ports that it allows (options Sources:AllowedHosts, Sources:AllowedPorts).");
    }

    private async Task ReceiveAsync(
        HttpResponseMessage response, IdleTimeout patience, CancellationToken cancellationToken)
    {
        Accept(response);
        _answered = true;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (await ReadAsync(body, buffer, patience) is > 0 and var read)
            {
                await sink.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                _received += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (_total is { } total && _received != total)
        {
            throw new TransferBrokenException("it ended early");
        }
    }

    /// <summary>Looks at the head of an answer, and prepares for its body.</summary>
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
            case var status when _answered && (int)status >= 500:
                throw new TransferBrokenException(FormattableString.Invariant($"it answered HTTP {(int)status}"));
            default:
                throw FetchFailures.OfStatus(video.Uri, response.StatusCode, RetryAfterOf(response));
        }

        if (response.Content.Headers.ContentEncoding.Any(coding => coding != "identity"))
        {
            throw FetchFailures.Unavailable(
                video.Uri,
                "The server of the uri compresses the video although it was asked not to (Content-Encoding). Give a "
                + "uri where the video is as it is.");
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

    /// <summary>The rest of the same version, and all of it.</summary>
    private void RequireRest(ContentRangeHeaderValue? range, EntityTagHeaderValue? version)
    {
        var isRest = range is { Unit: BytesUnit, From: { } from, To: { } to, Length: { } length }
            && from == _received && to == length - 1 && length == (_total ?? length)
            && (version is null || version.Equals(_version));
        if (!isRest)
        {
            throw FetchFailures.Unavailable(
                video.Uri,
                "The transfer broke off, and the server of the uri went on with another part of the video than the "
                + "one that was asked for. Submit it again.");
        }

        _total = range!.Length;
    }

    private static async Task<int> ReadAsync(Stream body, byte[] buffer, IdleTimeout patience)
    {
        try
        {
            return await patience.OfAsync(token => body.ReadAsync(buffer.AsMemory(0, BufferBytes), token).AsTask());
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException)
        {
            throw new TransferBrokenException("the connection broke", failure);
        }
    }

    private ServiceException GivenUp(TransferBrokenException failure, int resumes) => FetchFailures.Unavailable(
        video.Uri,
        _answered
            ? $"The server of the uri did not give the whole video: {failure.Message}, {resumes} times after it had "
                + "begun. Try again later, or upload the video."
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
        HttpRequestError.NameResolutionError => "its name is not known",
        HttpRequestError.SecureConnectionError => "no secure connection could be made; its certificate may be at fault",
        HttpRequestError.ConfigurationLimitExceeded => "the head of its answer is too large",
        HttpRequestError.InvalidResponse => "its answer is no HTTP",
        HttpRequestError.ResponseEnded => "it closed the connection",
        _ => "no connection could be made, or it broke",
    };
}
