using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// The keys with which s3 addresses are signed: of a file, or of the environment. They are in no option, so that no
/// list of options shows them, and nobody is asked for them over the network.
/// </summary>
internal sealed class S3Credentials(IOptions<S3Options> options)
{
    private const string Profile = "default";

    /// <summary>The environment variables, as AWS names them.</summary>
    internal const string KeyVariable = "AWS_ACCESS_KEY_ID";
    internal const string SecretVariable = "AWS_SECRET_ACCESS_KEY";
    internal const string TokenVariable = "AWS_SESSION_TOKEN";

    /// <summary>The keys as they are now; null where there are none.</summary>
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
