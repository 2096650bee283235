using System.ComponentModel.DataAnnotations;
using System.Text;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.S3;
using Amazon.S3.Model;
using ForegSyte.Hosting.Files;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// Converts s3 uris to signed https addresses, which are fetched like all others. AWS's library only signs and never
/// connects, so every request uses the checked connections.
/// </summary>
internal sealed class S3Locations(IOptions<S3Options> options, S3Credentials credentials, TimeProvider time)
{
    /// <summary>Maximum length of an S3 key.</summary>
    [Limit(
        "bytes", "Maximum length of the key in an s3 uri; longer ones are refused.",
        Name = "SubmitVideoRequest.uri (s3)", Reason = ErrorReason.UnsupportedUri)]
    public const int MaxKeyBytes = 1024;

    private const string Beginning = "s3://";

    /// <summary>Validity of a signature: the time to send one request, plus the difference of the clocks.</summary>
    private static readonly TimeSpan SignatureLifetime = TimeSpan.FromMinutes(5);

    private readonly S3Options _options = options.Value;

    /// <summary>Parses the uri of a submission.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">UNSUPPORTED_URI, SOURCE_NOT_ALLOWED, or SOURCE_UNAVAILABLE
    /// if the server has no keys.</exception>
    public RemoteVideo Require(string text)
    {
        if (Parse(text) is not var (bucket, key))
        {
            throw FetchErrors.Unsupported(
                text,
                "An s3 uri must have the form s3://bucket/key. The key must have at most 1024 bytes, no segment '.' or "
                + "'..', and '?', '#', '%', '\\' and control characters percent-encoded.");
        }

        if (_options.Endpoint.Length == 0)
        {
            throw FetchErrors.NotAllowed(
                text, "This server fetches no videos from S3: its option Sources:S3:Endpoint is empty.");
        }

        return _options.Buckets.Contains(bucket)
            ? new RemoteVideo(text, () => Signed(text, bucket, key), FollowsRedirects: false)
            : throw FetchErrors.NotAllowed(
                text, "This server does not allow the bucket (option Sources:S3:Buckets).");
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

        // Uri removes such segments, so the request would name another object than the signature.
        var hasDots = key.Split('/').Any(part => part is "." or "..");
        return hasDots || Encoding.UTF8.GetByteCount(key) > MaxKeyBytes ? null : (text[Beginning.Length..slash], key);
    }

    private Uri Signed(string text, string bucket, string key)
    {
        var keys = credentials.Read()
            ?? throw FetchErrors.Unavailable(
                text, "This server has no keys for S3. Its operator must set them; see Sources:S3:CredentialsFile.");
        using var signer = new AmazonS3Client(keys, new AmazonS3Config
        {
            ServiceURL = _options.Endpoint,
            AuthenticationRegion = _options.Region,
            ForcePathStyle = _options.PathStyle,
        });
        var address = new Uri(signer.GetPreSignedURL(new GetPreSignedUrlRequest
        {
            BucketName = bucket,
            Key = key,
            Verb = HttpVerb.GET,
            Protocol = Amazon.S3.Protocol.HTTPS,
            Expires = (time.GetUtcNow() + SignatureLifetime).UtcDateTime,
        }));
        return WithWholeKey(address, text, _options.PathStyle ? $"/{bucket}/" : "/", key);
    }

    /// <summary>
    /// The address with exactly the key that the caller named. With the bucket in the path, AWS's library signs a key
    /// that begins with a slash but drops that slash from the address.
    /// </summary>
    private static Uri WithWholeKey(Uri address, string text, string beginning, string key)
    {
        var path = address.AbsolutePath;
        if (key[0] == '/' && Uri.UnescapeDataString(path) == beginning + key[1..])
        {
            address = new UriBuilder(address) { Path = $"{beginning}/{path[beginning.Length..]}" }.Uri;
        }

        return Uri.UnescapeDataString(address.AbsolutePath) == beginning + key
            ? address
            : throw FetchErrors.Unsupported(text, "No address of an S3 server names this key exactly.");
    }
}

/// <summary>
/// The S3-compatible server for s3 uris. Section "Sources:S3". Credentials are not options, so that no list of options
/// shows them: see <see cref="S3Credentials"/>.
/// </summary>
internal sealed class S3Options
{
    public const string Section = "Sources:S3";

    /// <summary>Its https address, for example "https://s3.eu-central-1.amazonaws.com".</summary>
    /// <value>Empty by default: s3 uris are refused.</value>
    public string Endpoint { get; set; } = "";

    /// <summary>The region for which requests are signed.</summary>
    /// <value>"us-east-1" by default, which most servers other than AWS accept.</value>
    [Required]
    [RegularExpression("^[a-z0-9-]{1,64}$")]
    public string Region { get; set; } = "us-east-1";

    /// <summary>Buckets whose videos callers can submit. No patterns.</summary>
    /// <value>None by default. At most 1000.</value>
    [MaxLength(1000)]
    public IList<string> Buckets { get; } = [];

    /// <summary>
    /// Whether addresses have the bucket in their path (most servers other than AWS) or in their host (AWS).
    /// </summary>
    /// <value>False by default: in the host.</value>
    public bool PathStyle { get; set; }

    /// <summary>
    /// File with the credentials in AWS's format ("[default]", aws_access_key_id, aws_secret_access_key and optionally
    /// aws_session_token). Absolute path. The service reads it for each video, so keys can change without a restart.
    /// </summary>
    /// <value>Empty by default: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment.
    /// </value>
    public string CredentialsFile { get; set; } = "";
}

/// <summary>
/// Reads the keys that sign s3 addresses, from a file or the environment. They are not options, so that no list of
/// options shows them, and are never requested over the network.
/// </summary>
internal sealed class S3Credentials(IOptions<S3Options> options)
{
    private const string Profile = "default";

    /// <summary>The environment variables, as AWS names them.</summary>
    internal const string KeyVariable = "AWS_ACCESS_KEY_ID";
    internal const string SecretVariable = "AWS_SECRET_ACCESS_KEY";
    internal const string TokenVariable = "AWS_SESSION_TOKEN";

    /// <summary>Reads the current keys; null if there are none.</summary>
    public AWSCredentials? Read() => options.Value.CredentialsFile is { Length: > 0 } path
        ? OfFile(path)
        : Of(
            Environment.GetEnvironmentVariable(KeyVariable),
            Environment.GetEnvironmentVariable(SecretVariable),
            Environment.GetEnvironmentVariable(TokenVariable));

    private static AWSCredentials? OfFile(string path) =>
        File.Exists(path) && new SharedCredentialsFile(path).TryGetProfile(Profile, out var profile)
            ? Of(profile.Options.AccessKey, profile.Options.SecretKey, profile.Options.Token)
            : null;

    private static AWSCredentials? Of(string? key, string? secret, string? token)
    {
        if (string.IsNullOrEmpty(key) || string.IsNullOrEmpty(secret))
        {
            return null;
        }

        return string.IsNullOrEmpty(token)
            ? new BasicAWSCredentials(key, secret)
            : new SessionAWSCredentials(key, secret, token);
    }
}

/// <summary>Refuses a credentials file that other users of the machine can read.</summary>
internal sealed class CredentialsFileCheck : IValidateOptions<S3Options>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, S3Options options)
    {
        if (options.CredentialsFile is not { Length: > 0 } path || !File.Exists(path))
        {
            return ValidateOptionsResult.Success;
        }

        try
        {
            FileProtection.Require(path, isSecret: true);
            return ValidateOptionsResult.Success;
        }
        catch (Exception failure) when (failure is FormatException or IOException or UnauthorizedAccessException)
        {
            return ValidateOptionsResult.Fail($"Sources:S3:CredentialsFile ({path}): {failure.Message}");
        }
    }
}
