using ForegSyte.Hosting.Files;
using ForegSyte.Hosting.Paging;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Jobs.Queue;
using ForegSyte.Protocol.Limits;
using ForegSyte.Protocol.Mp4;
using ForegSyte.Protocol.Regions;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>The constant limits of requests and responses, published by GetServerInfo.</summary>
internal static class RequestLimits
{
    [Limit(
        "jobs", "Maximum number of jobs of a page; a larger page_size means this.", Name = "ListJobsRequest.page_size")]
    public const int PageSize = JobPages.MaxPageSize;

    [Limit(
        "bytes", "Maximum size of a page of results; a larger page_bytes means this.",
        Name = "GetJobResultsRequest.page_bytes")]
    public const int PageBytes = ResultPages.MaxPageBytes;

    [Limit(
        "tracks", "Maximum number of objects of a page, as of texts and shots; a larger page_size means this.",
        Name = "ListObjectTracksRequest.page_size")]
    public const int TracksPageSize = ListPage.MaxSize;

    [Limit(
        "bytes", "Maximum size of a part of a video; a larger max_bytes means this.",
        Name = "DownloadVideoRequest.max_bytes")]
    public const int PartBytes = VideoDownloads.MaxBytes;

    [Limit(
        "bytes", "Maximum size of a page of jobs, unless it has only one; a page that would be larger ends earlier.",
        Name = "ListJobsResponse.jobs")]
    public const int JobsPageBytes = JobPages.MaxPageBytes;

    [Limit("attempts", "Maximum number of attempts in a job: the latest.", Name = "Job.attempts")]
    public const int Attempts = JobMessages.MaxAttempts;

    [Limit(
        "code points", "Maximum length of a filter; longer ones are refused.",
        Name = "ListJobsRequest.filter", Reason = ErrorReason.InvalidFilter)]
    public const int FilterLength = JobFilterParser.MaxLength;

    [Limit(
        "parentheses", "Maximum nesting of parentheses in a filter; deeper ones are refused.",
        Name = "ListJobsRequest.filter nesting", Reason = ErrorReason.InvalidFilter)]
    public const int FilterNesting = JobFilterParser.MaxNesting;

    [Limit(
        "characters", "Maximum length of a page token; longer ones are invalid.",
        Name = "page_token", Reason = ErrorReason.InvalidPageToken)]
    public const int PageTokenLength = PageToken.MaxLength;

    [Limit(
        "code points", "Maximum length of a display name; longer ones are refused.",
        Name = "SubmitVideoRequest.display_name", Reason = ErrorReason.InvalidField)]
    public const int DisplayNameLength = JobGrpcService.MaxDisplayNameLength;

    [Limit(
        "code points", "Maximum length of a searched text; longer ones are refused.",
        Name = "SearchTextsRequest.text", Reason = ErrorReason.InvalidField)]
    public const int SearchedTextLength = SearchPages.MaxTextLength;

    [Limit(
        "characters", "Maximum length of the id of a backup; longer ones are refused.",
        Name = "CreateBackupRequest.backup_id", Reason = ErrorReason.InvalidField)]
    public const int BackupIdLength = ServerBackups.MaxIdLength;

    [Limit(
        "characters", "Maximum length of a file uri; longer ones are refused.",
        Name = "SubmitVideoRequest.uri (file)", Reason = ErrorReason.UnsupportedUri)]
    public const int FileUriLength = FileUri.MaxLength;

    [Limit(
        "frames", "Maximum stride; larger ones are refused.",
        Name = "JobOptions.frame_stride", Reason = ErrorReason.InvalidField)]
    public const int FrameStride = JobChoices.MaxFrameStride;

    [Limit(
        "time ranges", "Maximum number of parts of a video in one job; more are refused.",
        Name = "JobOptions.time_ranges", Reason = ErrorReason.InvalidField)]
    public const int TimeRanges = JobOptionChecks.MaxTimeRanges;

    [Limit(
        "frames per second", "Maximum number of analyzed frames for each second; more are refused.",
        Name = "JobOptions.frames_per_second", Reason = ErrorReason.InvalidField)]
    public const int FramesPerSecond = JobOptionChecks.MaxFramesPerSecond;

    [Limit(
        "labels", "Maximum number of wanted labels; more are refused.",
        Name = "JobOptions.labels", Reason = ErrorReason.InvalidField)]
    public const int Labels = JobOptionChecks.MaxLabels;

    [Limit(
        "shapes", "Maximum number of regions, of zones and of lines; more are refused.",
        Name = "JobOptions.regions, zones, lines", Reason = ErrorReason.InvalidField)]
    public const int Shapes = JobOptionChecks.MaxShapes;

    [Limit(
        "points", "Maximum number of points of a region or zone; more are refused.",
        Name = "RelativePolygon.points", Reason = ErrorReason.InvalidField)]
    public const int PolygonPoints = RelativePolygons.MaxPoints;

    [Limit(
        "characters", "Maximum length of the id of a zone or line; longer ones are refused.",
        Name = "Zone.id, CountingLine.id", Reason = ErrorReason.InvalidField)]
    public const int ShapeIdLength = JobOptionChecks.MaxIdLength;

    [Limit(
        "runs", "Maximum number of segment runs that DiagnoseJob returns: the latest.", Name = "JobDiagnosis.segments")]
    public const int DiagnosedRuns = SegmentRuns.MaxRunsOfJob;

    [Limit(
        "hours", "Maximum timeout of a drain; longer ones are refused.",
        Name = "DrainServerRequest.timeout", Reason = ErrorReason.InvalidField)]
    public const int DrainTimeout = ServerDrain.MaxTimeoutHours;

    [Limit(
        "boxes", "Maximum number of boxes of an MP4; a file with more is refused.",
        Name = "MP4 boxes", Reason = ErrorReason.NotAnMp4)]
    public const int Boxes = Mp4Boxes.MaxBoxes;

    [Limit(
        "sizes of the file", "Maximum size of all frames of a track together; a file whose sample table points more "
        + "often at the same bytes is refused.",
        Name = "MP4 frames", Reason = ErrorReason.NotAnMp4)]
    public const int SampleSizes = SampleUses.MaxPerByte;

    [Limit(
        "labels", "Maximum number of labels in the summary of a job; more are omitted.", Name = "Job.summary labels")]
    public const int SummaryLabels = SummaryBuilder.MaxLabels;

    [Limit(
        "tags", "Maximum number of tags of a job; more are refused.",
        Name = "Job.tags", Reason = ErrorReason.InvalidField)]
    public const int Tags = JobTags.MaxCount;

    [Limit(
        "characters", "Maximum length of the key of a tag; longer ones are refused.",
        Name = "Job.tags key", Reason = ErrorReason.InvalidField)]
    public const int TagKeyLength = JobTags.MaxKeyLength;

    [Limit(
        "code points", "Maximum length of the value of a tag; longer ones are refused.",
        Name = "Job.tags value", Reason = ErrorReason.InvalidField)]
    public const int TagValueLength = JobTags.MaxValueLength;

    [Limit("texts", "Maximum number of texts in the summary of a job; more are omitted.", Name = "Job.summary texts")]
    public const int SummaryTexts = SummaryBuilder.MaxTexts;
}
