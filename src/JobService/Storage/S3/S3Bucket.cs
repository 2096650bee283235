using System.Globalization;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>
/// The objects below the prefix of the bucket. A request that fails is repeated; after that, a server that is away or
/// refuses the keys is STORAGE_UNAVAILABLE.
/// </summary>
internal sealed class S3Bucket(S3Connection connection, IOptions<S3StorageOptions> options)
{
    /// <summary>Maximum number of parts of an object.</summary>
    private const int MaxParts = 10_000;

    /// <summary>Maximum number of objects of one request to delete.</summary>
    private const int MaxDeletions = 1_000;

    /// <summary>Maximum size of a copy inside of the server by one request; larger objects are copied in parts.
    /// </summary>
    internal long MaxCopyBytes { get; init; } = 256L << 20;

    private readonly S3StorageOptions _options = options.Value;
    private readonly IAmazonS3 _client = connection.Client;

    /// <summary>Reads a range into the buffer.</summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="buffer">Filled with the bytes; not empty.</param>
    /// <param name="etag">The version that the object must have; null for any.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="FileNotFoundException">The object does not exist.</exception>
    /// <exception cref="IOException">The object was replaced by another one.</exception>
    public async Task<ObjectRange> ReadAsync(
        string name, long offset, Memory<byte> buffer, string? etag, CancellationToken cancellationToken)
    {
        for (var retries = 0; ; retries++)
        {
            try
            {
                return await CallAsync(
                    name, token => ReadOnceAsync(name, offset, buffer, etag, token), cancellationToken);
            }
            catch (EndOfStreamException) when (retries < _options.MaxRetries)
            {
                // The connection was lost in the middle of the bytes, which the SDK does not repeat.
            }
            catch (EndOfStreamException lost)
            {
                throw S3Failures.Report(lost, _options.RetryDelay, cancellationToken)!;
            }
        }
    }

    /// <summary>Uploads a file, in parts if it is large; replaces an earlier object.</summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="path">The file.</param>
    /// <param name="length">Its length.</param>
    /// <param name="cancellationToken">Cancels the upload, which leaves nothing behind.</param>
    public async Task WriteAsync(string name, string path, long length, CancellationToken cancellationToken)
    {
        using var transfer = new TransferUtility(_client, new TransferUtilityConfig
        {
            MinSizeBeforePartUpload = _options.MultipartThreshold,
            ConcurrentServiceRequests = _options.ParallelParts,
        });
        await CallAsync(
            name,
            async token =>
            {
                await transfer.UploadAsync(
                    new TransferUtilityUploadRequest
                    {
                        BucketName = _options.Bucket,
                        Key = _options.Prefix + name,
                        FilePath = path,
                        PartSize = Math.Max(_options.PartSize, (length / MaxParts) + 1),
                    },
                    token);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Copies an object inside of the server, in parts if it is large.</summary>
    /// <exception cref="FileNotFoundException">It does not exist.</exception>
    public async Task CopyAsync(string name, string newName, CancellationToken cancellationToken)
    {
        var found = await CallAsync(
            name,
            token => _client.GetObjectMetadataAsync(_options.Bucket, _options.Prefix + name, token),
            cancellationToken);
        if (found.ContentLength <= MaxCopyBytes)
        {
            await CallAsync(
                name,
                token => _client.CopyObjectAsync(
                    _options.Bucket, _options.Prefix + name, _options.Bucket, _options.Prefix + newName, token),
                cancellationToken);
            return;
        }

        await CopyInPartsAsync(name, newName, found.ContentLength, cancellationToken);
    }

    /// <summary>Writes a short text.</summary>
    public Task WriteTextAsync(string name, string text, CancellationToken cancellationToken) => CallAsync(
        name,
        token => _client.PutObjectAsync(
            new PutObjectRequest { BucketName = _options.Bucket, Key = _options.Prefix + name, ContentBody = text },
            token),
        cancellationToken);

    /// <summary>Whether the object exists.</summary>
    public async Task<bool> ExistsAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(
                name,
                token => _client.GetObjectMetadataAsync(_options.Bucket, _options.Prefix + name, token),
                cancellationToken);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Deletes the object if it exists.</summary>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) => CallAsync(
        name,
        token => _client.DeleteObjectAsync(_options.Bucket, _options.Prefix + name, token),
        cancellationToken);

    /// <summary>Deletes those of the objects that exist.</summary>
    public async Task DeleteAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        foreach (var batch in names.Chunk(MaxDeletions))
        {
            await CallAsync(
                batch[0],
                token => _client.DeleteObjectsAsync(
                    new DeleteObjectsRequest
                    {
                        BucketName = _options.Bucket,
                        Objects = [.. batch.Select(name => new KeyVersion { Key = _options.Prefix + name })],
                        Quiet = true,
                    },
                    token),
                cancellationToken);
        }
    }

    /// <summary>The objects whose names have this beginning, in pages.</summary>
    public async IAsyncEnumerable<ObjectEntry> ListAsync(
        string beginning, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request
        {
            BucketName = _options.Bucket,
            Prefix = _options.Prefix + beginning,
        };
        do
        {
            var page = await CallAsync(
                beginning, token => _client.ListObjectsV2Async(request, token), cancellationToken);
            foreach (var entry in page.S3Objects ?? [])
            {
                yield return new ObjectEntry(
                    entry.Key[_options.Prefix.Length..], entry.Size ?? 0, ToUtc(entry.LastModified));
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
        while (request.ContinuationToken is not null);
    }

    /// <summary>Ends unfinished uploads below a name that began before a time; returns their number.</summary>
    public async Task<int> AbortUploadsAsync(
        string beginning, DateTimeOffset startedBefore, CancellationToken cancellationToken)
    {
        var aborted = 0;
        var request = new ListMultipartUploadsRequest
        {
            BucketName = _options.Bucket,
            Prefix = _options.Prefix + beginning,
        };
        ListMultipartUploadsResponse page;
        do
        {
            page = await CallAsync(
                beginning, token => _client.ListMultipartUploadsAsync(request, token), cancellationToken);
            foreach (var upload in (page.MultipartUploads ?? []).Where(old => ToUtc(old.Initiated) < startedBefore))
            {
                aborted += await AbortUploadAsync(upload, cancellationToken) ? 1 : 0;
            }

            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
        while (page.IsTruncated ?? false);

        return aborted;
    }

    /// <summary>An address under which anyone can read the object until a time.</summary>
    public async Task<Uri> AddressOfAsync(string name, DateTimeOffset expiresAt)
    {
        var address = await CallAsync(
            name,
            _ => _client.GetPreSignedURLAsync(new GetPreSignedUrlRequest
            {
                BucketName = _options.Bucket,
                Key = _options.Prefix + name,
                Verb = HttpVerb.GET,
                Protocol = _options.Endpoint.StartsWith("http:", StringComparison.OrdinalIgnoreCase)
                    ? Amazon.S3.Protocol.HTTP
                    : Amazon.S3.Protocol.HTTPS,
                Expires = expiresAt.UtcDateTime,
            }),
            CancellationToken.None);
        return new Uri(address);
    }

    private async Task CopyInPartsAsync(
        string name, string newName, long length, CancellationToken cancellationToken)
    {
        var (bucket, key) = (_options.Bucket, _options.Prefix + newName);
        var upload = await CallAsync(
            newName,
            token => _client.InitiateMultipartUploadAsync(
                new InitiateMultipartUploadRequest { BucketName = bucket, Key = key }, token),
            cancellationToken);
        try
        {
            var parts = new List<PartETag>();
            for (long start = 0; start < length; start += MaxCopyBytes)
            {
                var part = await CallAsync(
                    name,
                    token => _client.CopyPartAsync(
                        new CopyPartRequest
                        {
                            SourceBucket = bucket,
                            SourceKey = _options.Prefix + name,
                            DestinationBucket = bucket,
                            DestinationKey = key,
                            UploadId = upload.UploadId,
                            PartNumber = parts.Count + 1,
                            FirstByte = start,
                            LastByte = Math.Min(start + MaxCopyBytes, length) - 1,
                        },
                        token),
                    cancellationToken);
                parts.Add(new PartETag(parts.Count + 1, part.ETag));
            }

            await CallAsync(
                newName,
                token => _client.CompleteMultipartUploadAsync(
                    new CompleteMultipartUploadRequest
                    {
                        BucketName = bucket,
                        Key = key,
                        UploadId = upload.UploadId,
                        PartETags = parts,
                    },
                    token),
                cancellationToken);
        }
        catch
        {
            await CallAsync(
                newName,
                token => _client.AbortMultipartUploadAsync(bucket, key, upload.UploadId, token),
                CancellationToken.None);
            throw;
        }
    }

    private async Task<ObjectRange> ReadOnceAsync(
        string name, long offset, Memory<byte> buffer, string? etag, CancellationToken cancellationToken)
    {
        using var response = await _client.GetObjectAsync(
            new GetObjectRequest
            {
                BucketName = _options.Bucket,
                Key = _options.Prefix + name,
                ByteRange = new ByteRange(offset, offset + buffer.Length - 1),
                EtagToMatch = etag,
            },
            cancellationToken);
        var total = TotalOf(response);
        var expected = (int)Math.Min(buffer.Length, total - offset);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.RequestTimeout);
        try
        {
            await response.ResponseStream.ReadExactlyAsync(buffer[..expected], limit.Token);
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new EndOfStreamException("The S3 server did not send all bytes of a range.", failure);
        }

        return new ObjectRange(expected, total, response.ETag);
    }

    /// <summary>Size of the whole object. Content-Range is "bytes 0-99/1234".</summary>
    private static long TotalOf(GetObjectResponse response) =>
        response.ContentRange?.Split('/') is [_, var total]
            && long.TryParse(total, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                ? length
                : throw new IOException("The S3 server answered a range without Content-Range.");

    private async Task<bool> AbortUploadAsync(MultipartUpload upload, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(
                upload.Key,
                token => _client.AbortMultipartUploadAsync(_options.Bucket, upload.Key, upload.UploadId, token),
                cancellationToken);
            return true;
        }
        catch (AmazonS3Exception ended) when (ended.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    private async Task<T> CallAsync<T>(
        string name, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call(cancellationToken);
        }
        catch (EndOfStreamException)
        {
            throw;
        }
        catch (Exception failure) when (S3Failures.IsMissing(failure))
        {
            throw new FileNotFoundException($"There is no artifact {name}.", name, failure);
        }
        catch (Exception failure) when (S3Failures.IsReplaced(failure))
        {
            throw new IOException($"The artifact {name} was replaced while it was read.", failure);
        }
        catch (Exception failure)
            when (S3Failures.Report(failure, _options.RetryDelay, cancellationToken) is { } report)
        {
            throw report;
        }
    }

    private static DateTimeOffset ToUtc(DateTime? time) =>
        time is { } known ? new DateTimeOffset(known.ToUniversalTime(), TimeSpan.Zero) : DateTimeOffset.MinValue;
}

/// <summary>What a read of a range found.</summary>
/// <param name="Count">Number of bytes in the buffer.</param>
/// <param name="TotalBytes">Size of the whole object.</param>
/// <param name="Etag">The version of the object.</param>
internal readonly record struct ObjectRange(int Count, long TotalBytes, string Etag);

/// <summary>An object of a list.</summary>
/// <param name="Name">Its name below the prefix.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="ModifiedAt">When it was written; for one that was uploaded in parts, when that began on some servers.
/// </param>
internal readonly record struct ObjectEntry(string Name, long Bytes, DateTimeOffset ModifiedAt);
