using ForegSyte.Hosting.Files;
using ForegSyte.Jobs.Filters;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Jobs.Queue;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>The limits of requests and answers that no option changes, for GetServerInfo.</summary>
internal static class RequestLimits
{
    [Limit("jobs", "Jobs of a page; a larger page_size is taken as this.", Name = "ListJobsRequest.page_size")]
    public const int PageSize = JobPages.MaxPageSize;

    [Limit(
        "bytes", "Results of a page; a larger page_bytes is taken as this.",
        Name = "GetJobResultsRequest.page_bytes")]
    public const int PageBytes = ResultPages.MaxPageBytes;

    [Limit(
        "characters", "Length of a filter; a longer one is refused.",
        Name = "ListJobsRequest.filter", Reason = ErrorReason.InvalidFilter)]
    public const int FilterLength = JobFilterParser.MaxLength;

    [Limit(
        "comparisons", "Comparisons of a filter; one with more is refused.",
        Name = "ListJobsRequest.filter comparisons", Reason = ErrorReason.InvalidFilter)]
    public const int FilterComparisons = JobFilterParser.MaxComparisons;

    [Limit(
        "parentheses", "Parentheses inside each other in a filter; one with more is refused.",
        Name = "ListJobsRequest.filter nesting", Reason = ErrorReason.InvalidFilter)]
    public const int FilterNesting = JobFilterParser.MaxNesting;

    [Limit(
        "characters", "Length of a page token; a longer one was not made here.",
        Name = "page_token", Reason = ErrorReason.InvalidPageToken)]
    public const int PageTokenLength = PageToken.MaxLength;

    [Limit(
        "characters", "Length of a display name; a longer one is refused.",
        Name = "SubmitVideoRequest.display_name", Reason = ErrorReason.InvalidField)]
    public const int DisplayNameLength = RequestChecks.MaxDisplayNameLength;

    [Limit(
        "characters", "Length of a file uri; a longer one is refused.",
        Name = "SubmitVideoRequest.uri (file)", Reason = ErrorReason.UnsupportedUri)]
    public const int FileUriLength = FileUri.MaxLength;

    [Limit(
        "frames", "Largest stride; a larger one is refused.",
        Name = "JobOptions.frame_stride", Reason = ErrorReason.InvalidField)]
    public const int FrameStride = RequestChecks.MaxFrameStride;

    [Limit(
        "runs", "Work on segments that DiagnoseJob shows; of more the latest.", Name = "JobDiagnosis.segments")]
    public const int DiagnosedRuns = SegmentRuns.MaxRunsOfJob;

    [Limit(
        "hours", "Longest timeout of a drain; a longer one is refused.",
        Name = "DrainServerRequest.timeout", Reason = ErrorReason.InvalidField)]
    public const int DrainTimeout = ServerDrain.MaxTimeoutHours;

    [Limit(
        "boxes", "Boxes of an MP4 that are looked at; a file with more is refused.",
        Name = "MP4 boxes", Reason = ErrorReason.NotAnMp4)]
    public const int Boxes = Mp4Boxes.MaxBoxes;

    [Limit("labels", "Labels that the summary of a job counts; more are left out of it.", Name = "Job.summary labels")]
    public const int SummaryLabels = SummaryBuilder.MaxLabels;

    [Limit("texts", "Texts that the summary of a job lists; more are left out of it.", Name = "Job.summary texts")]
    public const int SummaryTexts = SummaryBuilder.MaxTexts;
}
