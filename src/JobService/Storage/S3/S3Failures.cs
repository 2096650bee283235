using System.Net;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>The object storage cannot be used. The message tells the operator what to do.</summary>
internal sealed class ObjectStorageException(string message, Exception? innerException = null)
    : Exception(message, innerException);

/// <summary>Classifies the failures of requests to the S3 server and words them for callers and operators.</summary>
internal static class S3Failures
{
    private const string NoSuchBucket = "NoSuchBucket";
    private const string NoSuchUpload = "NoSuchUpload";

    /// <summary>Error codes with status 400 that do not tell of a defect of this service.</summary>
    private static readonly HashSet<string> TransientCodes = new(StringComparer.Ordinal)
    {
        "RequestTimeout", "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "AuthorizationHeaderMalformed",
    };

    /// <summary>Error codes for a bucket that can take no more.</summary>
    private static readonly HashSet<string> FullCodes = new(StringComparer.Ordinal)
    {
        "QuotaExceeded", "InsufficientCapacity", "InsufficientStorage", "XMinioStorageFull",
    };

    /// <summary>Whether the object does not exist.</summary>
    public static bool IsMissing(Exception failure) =>
        failure is AmazonS3Exception { StatusCode: HttpStatusCode.NotFound } missing
        && missing.ErrorCode is not (NoSuchBucket or NoSuchUpload);

    /// <summary>Whether the object is not the one that was opened.</summary>
    public static bool IsReplaced(Exception failure) =>
        failure is AmazonS3Exception { StatusCode: HttpStatusCode.PreconditionFailed };

    /// <summary>Whether a range begins at the end of the object or after it.</summary>
    public static bool IsPastTheEnd(Exception failure) =>
        failure is AmazonS3Exception { StatusCode: HttpStatusCode.RequestedRangeNotSatisfiable };

    /// <summary>The error to report; null for one that must stay as it is, which is a defect.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="retryDelay">When the caller can retry.</param>
    /// <param name="cancellationToken">The caller's token: its cancellation is no failure of the server.</param>
    public static ServiceException? Report(
        Exception failure, TimeSpan retryDelay, CancellationToken cancellationToken)
    {
        if (failure is AmazonServiceException full
            && (full.StatusCode == HttpStatusCode.InsufficientStorage || FullCodes.Contains(full.ErrorCode ?? "")))
        {
            return new ServiceException(
                ErrorReason.StorageFull,
                "The object storage of the server is full. Nothing was stored. Delete jobs that are no longer needed, "
                + "or ask the operator for more space, and send the call again.",
                failure);
        }

        return IsUnavailable(failure, cancellationToken)
            ? new ServiceException(
                ErrorReason.StorageUnavailable,
                "The object storage of the server cannot be used now. Send the call again later.",
                failure)
            {
                RetryAfter = retryDelay,
            }
            : null;
    }

    /// <summary>Why the service cannot start.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="action">What was tried: "list", "write" or "delete".</param>
    /// <param name="options">The options.</param>
    public static ObjectStorageException OfStart(Exception failure, string action, S3StorageOptions options)
    {
        var server = $"The S3 server {options.Server}";
        var keys = options.AccessKeyFile.Length > 0
            ? "S3:AccessKeyFile, S3:SecretKeyFile"
            : "S3:AccessKeyFile and S3:SecretKeyFile are empty, so AWS's SDK chose the credentials";
        var message = failure switch
        {
            AmazonServiceException answer => answer.ErrorCode switch
            {
                NoSuchBucket => $"{server} has no bucket {options.Bucket} (S3:Bucket). Create it, or correct the name.",
                "InvalidAccessKeyId" => $"{server} does not know the access key ({keys}). Correct the key.",
                "SignatureDoesNotMatch" => $"{server} refuses the secret key ({keys}). Correct the key.",
                "RequestTimeTooSkewed" =>
                    $"{server} refuses requests because the clock of this machine differs too much from its own. "
                    + "Synchronize both clocks.",
                "AuthorizationHeaderMalformed" or "PermanentRedirect" or "IllegalLocationConstraintException" =>
                    $"{server} has the bucket {options.Bucket} in another region. Correct S3:Region or S3:Endpoint. "
                    + $"It says: {answer.Message}",
                _ when answer.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized =>
                    $"{server} does not allow these keys ({keys}) to {action} objects in the bucket {options.Bucket}. "
                    + "Give them the right, or use other keys.",
                _ => $"{server} refuses to {action} objects in the bucket {options.Bucket}: {answer.ErrorCode} "
                    + $"({(int)answer.StatusCode}). {answer.Message}",
            },
            _ when CauseOf<AuthenticationException>(failure) is { } untrusted =>
                $"{server} speaks no TLS, or has no trusted certificate (S3:Endpoint, S3:CertificateAuthorities). "
                + $"Cause: {untrusted.Message}",
            AmazonClientException => $"There are no credentials for the S3 server. Set S3:AccessKeyFile and "
                + $"S3:SecretKeyFile, or give the process credentials that AWS's SDK finds. It says: {failure.Message}",
            _ => $"{server} cannot be reached (S3:Endpoint). Check the address, the network and that it runs. "
                + $"Cause: {failure.Message}",
        };
        return new ObjectStorageException(message, failure);
    }

    private static bool IsUnavailable(Exception failure, CancellationToken cancellationToken) => failure switch
    {
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        AmazonServiceException answer => answer.ErrorCode == NoSuchBucket
            || answer.StatusCode is 0 or HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized
                or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
                or >= HttpStatusCode.InternalServerError
            || TransientCodes.Contains(answer.ErrorCode ?? ""),
        AmazonClientException or HttpRequestException or TimeoutException or IOException => true,
        _ => false,
    };

    private static T? CauseOf<T>(Exception failure)
        where T : Exception
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is T wanted)
            {
                return wanted;
            }
        }

        return null;
    }
}
