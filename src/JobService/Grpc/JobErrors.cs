using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Submission;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Errors that several RPCs return.</summary>
internal static class JobErrors
{
    /// <summary>The job does not exist, or the caller cannot see it.</summary>
    public static ServiceException NotFound(Guid jobId) => StatusErrors.NotFound(jobId);

    /// <summary>The job is not the one that the caller knows.</summary>
    public static ServiceException EtagMismatch(Guid jobId) =>
        new(
            ErrorReason.EtagMismatch,
            $"Job {jobId} has changed since it had the etag of the request. Read it again, and decide again with its "
            + "new etag.")
        {
            Metadata = new Dictionary<string, string> { ["jobId"] = jobId.ToString() },
            Resource = ("foregsyte.v1.Job", jobId.ToString()),
        };
}
