using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Errors that several RPCs answer.</summary>
internal static class JobErrors
{
    /// <summary>There is no such job.</summary>
    public static ServiceException NotFound(Guid jobId) =>
        new(ErrorReason.JobNotFound, $"There is no job {jobId} here. ListJobs lists those that there are.")
        {
            Metadata = new Dictionary<string, string> { ["jobId"] = jobId.ToString() },
            Resource = ("foregsyte.v1.Job", jobId.ToString()),
        };

    /// <summary>A page token that was not made for this call.</summary>
    public static ServiceException InvalidPageToken() => ServiceException.ForField(
        ErrorReason.InvalidPageToken,
        "page_token",
        "page_token has to be the next_page_token of a call of this method with the same other arguments. "
        + "Leave it empty to begin with the first page.");
}
