using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Files;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>
/// The bucket of an S3-compatible server that stores the artifacts if Storage is S3. Section "S3". Credentials are not
/// options, so that no list of options shows them.
/// </summary>
internal sealed class S3StorageOptions
{
    public const string Section = "S3";

    /// <summary>Default name of the spool folder in DataDirectory.</summary>
    public const string DefaultSpoolName = "spool";

    /// <summary>Address of the server, http or https, for example "https://s3.example:9000".</summary>
    /// <value>Empty by default: AWS in <see cref="Region"/>.</value>
    public string Endpoint { get; set; } = "";

    /// <summary>The bucket, which must exist.</summary>
    /// <value>Required with Storage=S3.</value>
    [RegularExpression("^([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])?$")]
    public string Bucket { get; set; } = "";

    /// <summary>
    /// Beginning of all keys in the bucket, so that several installations can share one. Ends with a slash.
    /// </summary>
    /// <value>Empty by default; at most 200 letters, digits, '.', '_', '-' and '/'.</value>
    [RegularExpression("^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*$")]
    [MaxLength(200)]
    public string Prefix { get; set; } = "";

    /// <summary>The region for which requests are signed.</summary>
    /// <value>"us-east-1" by default, which most servers other than AWS accept.</value>
    [Required]
    [RegularExpression("^[a-z0-9-]{1,64}$")]
    public string Region { get; set; } = "us-east-1";

    /// <summary>
    /// Whether addresses have the bucket in their path (most servers other than AWS) or in their host (AWS).
    /// </summary>
    /// <value>False by default: in the host.</value>
    public bool PathStyle { get; set; }

    /// <summary>
    /// File with the access key alone. Absolute path. Both files are read again when they change, so keys can change
    /// without a restart.
    /// </summary>
    /// <value>
    /// Empty by default: the credentials of AWS's SDK, which are those of the environment (AWS_ACCESS_KEY_ID,
    /// AWS_SECRET_ACCESS_KEY), of a profile, or of the role of the pod or machine.
    /// </value>
    public string AccessKeyFile { get; set; } = "";

    /// <summary>File with the secret key alone. Absolute path.</summary>
    /// <value>Empty by default, as <see cref="AccessKeyFile"/>.</value>
    public string SecretKeyFile { get; set; } = "";

    /// <summary>
    /// PEM file of the certificate authorities to trust instead of the system's. Absolute path; read at start.
    /// </summary>
    /// <value>Empty by default: the system's.</value>
    public string CertificateAuthorities { get; set; } = "";

    /// <summary>
    /// Folder for artifacts before their upload. Absolute path. Only one process can use it; it needs room for the
    /// videos that arrive at the same time.
    /// </summary>
    /// <value>Default: spool in DataDirectory.</value>
    [Required]
    public string SpoolFolder { get; set; } = "";

    /// <summary>Size in bytes from which an artifact is uploaded in parts.</summary>
    /// <value>5 MiB to 5 GiB; 16 MiB by default.</value>
    [Range(5L << 20, 5L << 30)]
    public long MultipartThreshold { get; set; } = 16L << 20;

    /// <summary>
    /// Size of a part in bytes. The parts of an artifact that would have more than 10,000 of them are larger.
    /// </summary>
    /// <value>5 MiB to 1 GiB; 8 MiB by default.</value>
    [Range(5L << 20, 1L << 30)]
    public long PartSize { get; set; } = 8L << 20;

    /// <summary>Number of parts of one artifact that are uploaded at the same time.</summary>
    /// <value>1 to 64; 4 by default.</value>
    [Range(1, 64)]
    public int ParallelParts { get; set; } = 4;

    /// <summary>Timeout of connecting to the server: name resolution, TCP and TLS.</summary>
    /// <value>100 ms to 2 minutes; 5 s by default.</value>
    [TimeRange("00:00:00.100", "00:02:00")]
    [Limit(
        "", "Timeout of connecting to the S3 server; after it the request is repeated.",
        Reason = ErrorReason.StorageUnavailable)]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Timeout of one request, which transfers at most one part or <see cref="MultipartThreshold"/>.</summary>
    /// <value>100 ms to 1 hour; 30 s by default.</value>
    [TimeRange("00:00:00.100", "01:00:00")]
    [Limit(
        "", "Timeout of one request to the S3 server; after it the request is repeated.",
        Reason = ErrorReason.StorageUnavailable)]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Number of times that a failed request is repeated, with a growing delay.</summary>
    /// <value>0 to 20; 3 by default.</value>
    [Range(0, 20)]
    [Limit(
        "times", "Maximum number of repetitions of a request to the S3 server; then the call fails.",
        Reason = ErrorReason.StorageUnavailable)]
    public int MaxRetries { get; set; } = 3;

    /// <summary>Retry delay sent with STORAGE_UNAVAILABLE.</summary>
    /// <value>100 ms to 1 hour; 5 s by default.</value>
    [TimeRange("00:00:00.100", "01:00:00")]
    [Limit("", "Retry delay sent when the S3 server is unavailable.", Reason = ErrorReason.StorageUnavailable)]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Time for which a video that no job refers to stays. A submission must insert its job within this time after the
    /// upload of its video.
    /// </summary>
    /// <value>10 minutes to 30 days; 1 hour by default.</value>
    [TimeRange("00:10:00", "30.00:00:00")]
    public TimeSpan UnusedVideoAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Age from which an unfinished upload, or a video that was uploaded but never recorded, counts as left by a dead
    /// process and is deleted. It must exceed the longest upload.
    /// </summary>
    /// <value>1 hour to 30 days; 1 day by default.</value>
    [TimeRange("01:00:00", "30.00:00:00")]
    public TimeSpan AbandonedAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>The server as messages name it.</summary>
    internal string Server => Endpoint.Length > 0 ? Endpoint : $"AWS in {Region}";
}

/// <summary>Checks addresses and files of <see cref="S3StorageOptions"/>.</summary>
internal sealed class S3StorageOptionsCheck(IConfiguration configuration) : IValidateOptions<S3StorageOptions>
{
    /// <summary>The setting that chooses the job store.</summary>
    private const string StoreKey = "Store";

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, S3StorageOptions options)
    {
        var problems = Problems(options).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private IEnumerable<string> Problems(S3StorageOptions options)
    {
        if (StorageKinds.Of(configuration) == StorageKind.S3)
        {
            if (options.Bucket.Length == 0)
            {
                yield return "S3:Bucket is required with Storage=S3.";
            }

            if (!string.Equals(configuration[StoreKey], "PostgreSql", StringComparison.OrdinalIgnoreCase))
            {
                yield return "Storage=S3 needs Store=PostgreSql, which records the videos in the bucket.";
            }
        }

        if (options.Endpoint.Length > 0 && !IsEndpoint(options.Endpoint))
        {
            yield return
                "S3:Endpoint must be an http or https address without path, query, user name and password.";
        }

        if (!Path.IsPathFullyQualified(options.SpoolFolder))
        {
            yield return "S3:SpoolFolder must be an absolute path.";
        }

        if (options.CertificateAuthorities.Length > 0
            && !(Path.IsPathFullyQualified(options.CertificateAuthorities)
                && File.Exists(options.CertificateAuthorities)))
        {
            yield return "S3:CertificateAuthorities must be the absolute path of an existing file.";
        }

        if (options.AccessKeyFile.Length == 0 != (options.SecretKeyFile.Length == 0))
        {
            yield return "S3:AccessKeyFile and S3:SecretKeyFile must be set together.";
            yield break;
        }

        (string Key, string Path)[] files =
            [("S3:AccessKeyFile", options.AccessKeyFile), ("S3:SecretKeyFile", options.SecretKeyFile)];
        foreach (var (key, path) in files.Where(file => file.Path.Length > 0))
        {
            if (ProblemOfSecret(path) is { } problem)
            {
                yield return $"{key} ({path}): {problem}";
            }
        }
    }

    private static string? ProblemOfSecret(string path)
    {
        if (!Path.IsPathFullyQualified(path) || !File.Exists(path))
        {
            return "must be the absolute path of an existing file.";
        }

        try
        {
            FileProtection.Require(path, isSecret: true);
            return File.ReadAllText(path).Trim().Length > 0 ? null : "The file is empty.";
        }
        catch (Exception failure) when (failure is FormatException or IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }

    private static bool IsEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri is { Scheme: "http" or "https", UserInfo: "", PathAndQuery: "/", Fragment: "" };
}
