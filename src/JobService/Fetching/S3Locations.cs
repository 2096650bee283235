using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using ForegSyte.Hosting.Files;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// Turns s3 uris into https addresses with a signature, which are then fetched as all others are. So AWS's library
/// signs and never connects: there is one way to the network, and it is the checked one.
/// </summary>
internal sealed class S3Locations(IOptions<S3Options> options, S3Credentials credentials, TimeProvider time)
{
    /// <summary>Longest key that S3 has.</summary>
    [Limit(
        "bytes", "Length of the key in an s3 uri; a longer one is refused.",
        Name = "SubmitVideoRequest.uri (s3)", Reason = ErrorReason.UnsupportedUri)]
    public const int MaxKeyBytes = 1024;

    private const string Beginning = "s3://";

    /// <summary>How long a signature holds: only as long as a request takes to be sent, and clocks differ.</summary>
    private static readonly TimeSpan SignatureLifetime = TimeSpan.FromMinutes(5);

    private readonly S3Options _options = options.Value;

    /// <summary>Reads the uri of a submission.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">UNSUPPORTED_URI, SOURCE_NOT_ALLOWED, or SOURCE_UNAVAILABLE
    /// where the server has no keys.</exception>
    public RemoteVideo Require(string text)
    {
        if (Parse(text) is not var (bucket, key))
        {
            throw FetchFailures.Unsupported(
                text,
                "An s3 uri has to have the form s3://bucket/key, the key with '?', '#', '%', '\\' and control "
                + "characters percent-encoded, without parts that are '.' or '..', and no longer than 1024 bytes.");
        }

        if (_options.Endpoint.Length == 0)
        {
            throw FetchFailures.NotAllowed(
                text, "This server fetches no videos from S3: its option Sources:S3:Endpoint is empty.");
        }

        return _options.Buckets.Contains(bucket)
            ? new RemoteVideo(text, () => Signed(text, bucket, key), FollowsRedirects: false)
            : throw FetchFailures.NotAllowed(
                text, "The bucket is none of those that this server allows (option Sources:S3:Buckets).");
    }

    private static (string Bucket, string Key)? Parse(string text)
    {
        if (text.Length > HttpsLocations.MaxLength || !text.StartsWith(Beginning, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var slash = text.IndexOf('/', Beginning.Length);
        if (slash <= Beginning.Length || FileUri.PercentDecoded(text.AsSpan(slash + 1)) is not { Length: > 0 } key)
        {
            return null;
        }

        // Uri would take such parts away, so that another object than the one that was signed would be asked for.
        var hasDots = key.Split('/').Any(part => part is "." or "..");
        return hasDots || Encoding.UTF8.GetByteCount(key) > MaxKeyBytes ? null : (text[Beginning.Length..slash], key);
    }

    private Uri Signed(string text, string bucket, string key)
    {
        var keys = credentials.Read()
            ?? throw FetchFailures.Unavailable(
                text, "This server has no keys for S3. Its operator has to set them; see Sources:S3:CredentialsFile.");
        using var signer = new AmazonS3Client(keys, new AmazonS3Config
        {
            ServiceURL = _options.Endpoint,
            AuthenticationRegion = _options.Region,
            ForcePathStyle = _options.PathStyle,
        });
        return new Uri(signer.GetPreSignedURL(new GetPreSignedUrlRequest
        {
            BucketName = bucket,
            Key = key,
            Verb = HttpVerb.GET,
            Protocol = Amazon.S3.Protocol.HTTPS,
            Expires = (time.GetUtcNow() + SignatureLifetime).UtcDateTime,
        }));
    }
}
