using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Hosting.Errors;
using ForegSyte.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>What a server says about an object.</summary>
/// <param name="Size">Size in bytes.</param>
/// <param name="ETag">Strong entity tag; empty if there is none.</param>
internal sealed record RemoteObject(long Size, string ETag);

/// <summary>
/// Reads ranges of objects, and repeats requests that fail for a reason that may pass. It sends nothing of this machine
/// (no proxy of the environment, cookie or trace id) and follows no redirect.
/// </summary>
internal sealed class RangeClient : IDisposable
{
    private const int BufferBytes = 64 * 1024;
    private const int MaxBackOffDoublings = 6;

    /// <summary>
    /// Codings that leave the bytes as they are. Some S3 servers repeat "aws-chunked", which is how the object was
    /// uploaded.
    /// </summary>
    private static readonly string[] Unencoded = ["identity", "aws-chunked"];

    private readonly RemoteVideoOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RangeClient> _logger;
    private readonly HttpMessageInvoker _client;
    private readonly SemaphoreSlim _places;

    public RangeClient(IOptions<RemoteVideoOptions> options, TimeProvider time, ILogger<RangeClient> logger)
    {
        (_options, _time, _logger) = (options.Value, time, logger);
        _client = new HttpMessageInvoker(HandlerOf(_options));
        _places = new SemaphoreSlim(_options.ConcurrentFetches);
    }

    /// <summary>Reads a range; a request that fails is repeated from the first missing byte.</summary>
    /// <param name="uri">Uri of the object.</param>
    /// <param name="range">The range; an end past that of the object means its end.</param>
    /// <param name="check">Checks the object before the first byte, at each response.</param>
    /// <param name="write">Receives the bytes in order; throws no IOException.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ServiceException">
    /// SOURCE_UNAVAILABLE, SOURCE_NOT_ALLOWED, SOURCE_NOT_FOUND, and what the check throws.
    /// </exception>
    public async Task ReadAsync(
        Uri uri, ByteRange range, Action<RemoteObject> check, Func<ReadOnlyMemory<byte>, ValueTask> write,
        CancellationToken cancellationToken)
    {
        var next = range.Start;
        var failures = 0;
        while (true)
        {
            var before = next;
            try
            {
                await _places.WaitAsync(cancellationToken);
                try
                {
                    await ReadOnceAsync(
                        uri, range with { Start = next }, check,
                        async bytes =>
                        {
                            await write(bytes);
                            next += bytes.Length;
                        },
                        cancellationToken);
                    return;
                }
                finally
                {
                    _places.Release();
                }
            }
            catch (BrokenTransferException failure)
            {
                failures = next > before ? 1 : failures + 1;
                _logger.LogInformation(
                    failure, "Request for bytes of {Uri} from {Start} failed at {Next}: {Reason}",
                    RemoteErrors.Shown(uri), before, next, failure.Message);
                if (failures > _options.FetchRetries)
                {
                    throw RemoteErrors.Unavailable(uri, failure.Message, failure);
                }
            }

            await Task.Delay(
                _options.FetchRetryDelay * Math.Pow(2, Math.Min(failures - 1, MaxBackOffDoublings)), _time,
                cancellationToken);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _client.Dispose();
        _places.Dispose();
    }

    private async Task ReadOnceAsync(
        Uri uri, ByteRange range, Action<RemoteObject> check, Func<ReadOnlyMemory<byte>, ValueTask> write,
        CancellationToken cancellationToken)
    {
        using var idle = new CancellationTokenSource(_options.FetchIdleTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.Range = new RangeHeaderValue(range.Start, range.End - 1);
            request.Headers.AcceptEncoding.ParseAdd("identity");
            request.Headers.UserAgent.ParseAdd("ForegSyte");
            using var response = await _client.SendAsync(request, either.Token);
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable
                && response.Content.Headers.ContentRange?.Length == 0)
            {
                check(new RemoteObject(0, ""));
                return;
            }

            if (response.StatusCode is >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests
                or HttpStatusCode.RequestTimeout)
            {
                throw new BrokenTransferException($"it answered HTTP {Text((int)response.StatusCode)}");
            }

            var expected = Accept(uri, range, response, check);
            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            var buffer = new byte[BufferBytes];
            while (expected > 0)
            {
                idle.CancelAfter(_options.FetchIdleTimeout);
                var read = await body.ReadAsync(
                    buffer.AsMemory(0, (int)Math.Min(buffer.Length, expected)), either.Token);
                if (read == 0)
                {
                    throw new BrokenTransferException("the transfer ended early");
                }

                await write(buffer.AsMemory(0, read));
                expected -= read;
            }
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            // This limit, or SocketsHttpHandler's own limit for connecting.
            throw new BrokenTransferException("it sent nothing for too long", failure);
        }
        catch (HttpRequestException failure)
        {
            throw new BrokenTransferException("it cannot be reached", failure);
        }
        catch (IOException failure)
        {
            throw new BrokenTransferException("the connection broke", failure);
        }
    }

    /// <summary>Checks the head of a response; returns the length of its body.</summary>
    private static long Accept(Uri uri, ByteRange range, HttpResponseMessage response, Action<RemoteObject> check)
    {
        if (response.StatusCode != HttpStatusCode.PartialContent)
        {
            throw RemoteErrors.OfStatus(uri, response.StatusCode);
        }

        if (response.Content.Headers.ContentRange is not { Unit: "bytes", From: { } from, To: { } to, Length: { } size }
            || from != range.Start || to != Math.Min(range.End, size) - 1)
        {
            throw RemoteErrors.Unavailable(uri, "it answered with another range than the requested one");
        }

        if (response.Content.Headers.ContentEncoding.Any(coding => !Unencoded.Contains(coding)))
        {
            throw RemoteErrors.Unavailable(uri, "it answered with encoded bytes");
        }

        check(new RemoteObject(size, response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : ""));
        return to - from + 1;
    }

    private static SocketsHttpHandler HandlerOf(RemoteVideoOptions options)
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        if (options.CertificateAuthorities.Length > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(options.CertificateAuthorities);
        }

        return new SocketsHttpHandler
        {
            ConnectTimeout = options.FetchConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseDrainSize = 0,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            PreAuthenticate = false,
            Credentials = null,
            ActivityHeadersPropagator = null,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A request failed, and its repeat may succeed.</summary>
    private sealed class BrokenTransferException(string message, Exception? cause = null) : Exception(message, cause);
}
