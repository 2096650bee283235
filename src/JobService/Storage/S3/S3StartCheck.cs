using Amazon.S3.Model;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>Checks at start that the bucket can be listed, written and read.</summary>
internal sealed class S3StartCheck(S3Connection connection, IOptions<S3StorageOptions> options)
{
    /// <summary>Name of the object that is written, read and deleted.</summary>
    private const string ProbeName = "start-check";

    private readonly S3StorageOptions _options = options.Value;

    /// <summary>Runs the check.</summary>
    /// <exception cref="ObjectStorageException">The bucket cannot be used; the message says why and what to do.
    /// </exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var (client, bucket) = (connection.Client, _options.Bucket);
        var key = $"{_options.Prefix}{ProbeName}-{Guid.NewGuid():N}";
        await TryAsync(
            "list",
            () => client.ListObjectsV2Async(
                new ListObjectsV2Request { BucketName = bucket, Prefix = _options.Prefix, MaxKeys = 1 },
                cancellationToken));
        await TryAsync(
            "write",
            () => client.PutObjectAsync(
                new PutObjectRequest { BucketName = bucket, Key = key, ContentBody = ProbeName }, cancellationToken));
        await TryAsync(
            "read",
            async () =>
            {
                using var response = await client.GetObjectAsync(bucket, key, cancellationToken);
                return response.ContentLength;
            });
        await TryAsync("delete", () => client.DeleteObjectAsync(bucket, key, cancellationToken));
    }

    private async Task TryAsync<T>(string action, Func<Task<T>> request)
    {
        try
        {
            await request();
        }
        catch (Exception failure)
        {
            throw S3Failures.OfStart(failure, action, _options);
        }
    }
}
