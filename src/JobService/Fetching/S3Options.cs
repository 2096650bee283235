using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// The S3-compatible server from which s3 uris are fetched. Section "Sources:S3". Credentials are no options, so that
/// no list of options can show them: see <see cref="S3Credentials"/>.
/// </summary>
internal sealed class S3Options
{
    public const string Section = "Sources:S3";

    /// <summary>Its https address, for example "https://s3.eu-central-1.amazonaws.com".</summary>
    /// <value>Empty by default: nothing is fetched by s3.</value>
    public string Endpoint { get; set; } = "";

    /// <summary>The region that requests are signed for.</summary>
    /// <value>"us-east-1" by default, which most servers other than AWS take.</value>
    [Required]
    [RegularExpression("^[a-z0-9-]{1,64}$")]
    public string Region { get; set; } = "us-east-1";

    /// <summary>Buckets whose videos may be submitted. No patterns.</summary>
    /// <value>None by default. At most 1000.</value>
    [MaxLength(1000)]
    public IList<string> Buckets { get; } = [];

    /// <summary>
    /// Whether the bucket stands in the path of an address (most servers other than AWS) or in its host (AWS).
    /// </summary>
    /// <value>False by default: in the host.</value>
    public bool PathStyle { get; set; }

    /// <summary>
    /// File with the credentials in AWS's form ("[default]", aws_access_key_id, aws_secret_access_key, and
    /// aws_session_token where there is one). Absolute path; read for each video, so that keys can be changed without a
    /// restart.
    /// </summary>
    /// <value>Empty by default: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment.
    /// </value>
    public string CredentialsFile { get; set; } = "";
}
