using System.Globalization;
using ForegSyte.Hosting;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.Hosting.Limits;
using ForegSyte.Hosting.Paging;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Starting;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Jobs.Webhooks;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ForegSyte.Jobs.Grpc;

/// <summary>The RPCs of JobService.</summary>
internal sealed class JobGrpcService(
    VideoSubmitter submitter,
    JobControl control,
    JobRemoval removal,
    JobTracker tracker,
    JobMessages messages,
    JobWaiter waiter,
    JobPages jobPages,
    ResultPages resultPages,
    TrackPages trackPages,
    VideoDownloads downloads,
    JobFrames frames,
    JobExports exports,
    JobCopies copies,
    PipelineDirectory pipelines,
    JobDiagnoser diagnoser,
    ServerDrain drain,
    NodePages nodes,
    TenantUsagePages usage,
    ServerBackups backups,
    ServiceLimits limits,
    ServiceStart start,
    WebhookTargets webhooks,
    IInferenceClient inference) : JobService.JobServiceBase
{
    /// <summary>Maximum length of a display_name in code points.</summary>
    public const int MaxDisplayNameLength = 255;

    /// <summary>Parses a request id; null if the field is empty.</summary>
    public static Guid? RequestId(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        return Guid.TryParseExact(text, "D", out var requestId) && requestId.Version == 4
            ? requestId
            : throw ServiceException.InvalidField(
                "request_id", "request_id must be a UUID of version 4 with 36 characters, or empty.", text);
    }

    /// <inheritdoc />
    public override async Task<SubmitVideoResponse> SubmitVideo(SubmitVideoRequest request, ServerCallContext context)
    {
        var submission = SubmissionOf(request, context.Caller());
        if (request.ValidateOnly)
        {
            var preview = await submitter.ValidateAsync(submission, context.CancellationToken);
            return new SubmitVideoResponse { Job = JobMessage.Preview(preview) };
        }

        var job = await submitter.SubmitAsync(submission, context.CancellationToken);
        return new SubmitVideoResponse { Job = await ShowAsync(job, context) };
    }

    /// <inheritdoc />
    public override async Task<GetJobResponse> GetJob(GetJobRequest request, ServerCallContext context)
    {
        var view = RequestChecks.View(request.View, JobView.Full);
        var job = await VisibleAsync(request.JobId, context);
        return new GetJobResponse { Job = await messages.OfAsync(job, view, context.CancellationToken) };
    }

    /// <inheritdoc />
    [LongPoll]
    public override async Task<WaitJobResponse> WaitJob(WaitJobRequest request, ServerCallContext context)
    {
        var view = RequestChecks.View(request.View, JobView.Full);
        var jobId = (await VisibleAsync(request.JobId, context)).JobId;
        return new WaitJobResponse
        {
            Job = await waiter.WaitAsync(jobId, request.Etag, request.Timeout, view, context.CancellationToken),
        };
    }

    /// <inheritdoc />
    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context) =>
        jobPages.ReadAsync(request, context.Caller(), context.CancellationToken);

    /// <inheritdoc />
    public override async Task<UpdateJobResponse> UpdateJob(UpdateJobRequest request, ServerCallContext context)
    {
        var update = JobFields.Update(request);
        var jobId = (await VisibleAsync(request.Job.JobId, context, "job.job_id")).JobId;
        var unchanged = Unchanged(request.Job.Etag, "job.etag");
        var job = await control.UpdateAsync(jobId, update, unchanged, context.CancellationToken)
            ?? throw JobErrors.NotFound(jobId);
        return new UpdateJobResponse { Job = await ShowAsync(job, context) };
    }

    /// <inheritdoc />
    public override async Task<CancelJobResponse> CancelJob(CancelJobRequest request, ServerCallContext context)
    {
        var jobId = (await VisibleAsync(request.JobId, context)).JobId;
        var job = await control.CancelAsync(jobId, Unchanged(request.Etag), context.CancellationToken)
            ?? throw JobErrors.NotFound(jobId);
        return new CancelJobResponse { Job = await messages.OfAsync(job, context.CancellationToken) };
    }

    /// <inheritdoc />
    public override async Task<RetryJobResponse> RetryJob(RetryJobRequest request, ServerCallContext context)
    {
        var jobId = (await VisibleAsync(request.JobId, context)).JobId;
        var job = await control.RetryAsync(jobId, Unchanged(request.Etag), context.CancellationToken)
            ?? throw JobErrors.NotFound(jobId);
        return new RetryJobResponse { Job = await ShowAsync(job, context) };
    }

    /// <inheritdoc />
    public override async Task<DeleteJobResponse> DeleteJob(DeleteJobRequest request, ServerCallContext context)
    {
        var jobId = (await VisibleAsync(request.JobId, context)).JobId;
        return await removal.DeleteAsync(jobId, Unchanged(request.Etag), context.CancellationToken)
            ? new DeleteJobResponse()
            : throw JobErrors.NotFound(jobId);
    }

    /// <inheritdoc />
    public override async Task<GetJobResultsResponse> GetJobResults(
        GetJobResultsRequest request, ServerCallContext context)
    {
        var job = await VisibleAsync(request.JobId, context);
        return FileDownload.Of(context) is { } download
            ? await exports.GiveAsync(job, request, download, context.CancellationToken)
            : await resultPages.ReadAsync(request, context.CancellationToken);
    }

    /// <inheritdoc />
    public override async Task<ListObjectTracksResponse> ListObjectTracks(
        ListObjectTracksRequest request, ServerCallContext context)
    {
        await VisibleAsync(request.JobId, context);
        return await trackPages.ReadAsync(request, context.CancellationToken);
    }

    /// <inheritdoc />
    public override async Task<ListTextTracksResponse> ListTextTracks(
        ListTextTracksRequest request, ServerCallContext context)
    {
        await VisibleAsync(request.JobId, context);
        return await trackPages.ReadAsync(request, context.CancellationToken);
    }

    /// <inheritdoc />
    public override async Task<ListShotsResponse> ListShots(ListShotsRequest request, ServerCallContext context)
    {
        await VisibleAsync(request.JobId, context);
        return await trackPages.ReadAsync(request, context.CancellationToken);
    }

    /// <inheritdoc />
    public override async Task<DownloadVideoResponse> DownloadVideo(
        DownloadVideoRequest request, ServerCallContext context)
    {
        var job = await VisibleAsync(request.JobId, context);
        return FileDownload.Of(context) switch
        {
            null => await downloads.ReadAsync(job, request, context.CancellationToken),
            { Operation: JobCopies.Operation } copy =>
                await copies.GiveAsync(job, request, copy, context.CancellationToken),
            { } video => await downloads.GiveAsync(job, request, video, context.CancellationToken),
        };
    }

    /// <inheritdoc />
    public override async Task<GetFrameResponse> GetFrame(GetFrameRequest request, ServerCallContext context)
    {
        var job = await VisibleAsync(request.JobId, context);
        return FileDownload.Of(context) is { } download
            ? await frames.GiveAsync(job, request, download, context.CancellationToken)
            : await frames.ReadAsync(job, request, context.CancellationToken);
    }

    /// <inheritdoc />
    public override Task<ListPipelinesResponse> ListPipelines(
        ListPipelinesRequest request, ServerCallContext context) =>
        Task.FromResult(PageOf(request));

    /// <inheritdoc />
    public override Task<GetServerInfoResponse> GetServerInfo(
        GetServerInfoRequest request, ServerCallContext context) =>
        Task.FromResult(new GetServerInfoResponse
        {
            ServerInfo = new ServerInfo
            {
                Version = ServiceVersion.Text,
                Limits = { limits.Messages },
                DrainState = drain.State,
                StartedAt = start.StartedAt.ToTimestamp(),
                ConfigurationSources = { start.ConfigurationSources },
                KnownInstances = inference.KnownCount,
                ServingInstances = inference.ServingCount,
                NodeName = nodes.NodeName,
                Devices = { inference.Devices },
            },
        });

    /// <inheritdoc />
    public override Task<ListErrorReasonsResponse> ListErrorReasons(
        ListErrorReasonsRequest request, ServerCallContext context) =>
        Task.FromResult(PageOf(request));

    /// <inheritdoc />
    public override async Task<DiagnoseJobResponse> DiagnoseJob(DiagnoseJobRequest request, ServerCallContext context)
    {
        var job = await VisibleAsync(request.JobId, context);
        var diagnosis = await diagnoser.DiagnoseAsync(job, context.Caller(), context.CancellationToken);
        return new DiagnoseJobResponse { Diagnosis = diagnosis };
    }

    /// <inheritdoc />
    public override Task<DrainServerResponse> DrainServer(DrainServerRequest request, ServerCallContext context) =>
        drain.BeginAsync(request, context.CancellationToken);

    /// <inheritdoc />
    public override Task<UndrainServerResponse> UndrainServer(
        UndrainServerRequest request, ServerCallContext context) => drain.EndAsync(context.CancellationToken);

    /// <inheritdoc />
    public override Task<ListNodesResponse> ListNodes(ListNodesRequest request, ServerCallContext context) =>
        nodes.ReadAsync(request, context.CancellationToken);

    /// <inheritdoc />
    public override Task<ListTenantUsageResponse> ListTenantUsage(
        ListTenantUsageRequest request, ServerCallContext context) =>
        Task.FromResult(usage.Read(request, context.Caller()));

    /// <inheritdoc />
    public override Task<CreateBackupResponse> CreateBackup(CreateBackupRequest request, ServerCallContext context) =>
        Task.FromResult(backups.Begin(request));

    private ListPipelinesResponse PageOf(ListPipelinesRequest request)
    {
        var (items, next) = ListPage.Of(
            nameof(ListPipelines), pipelines.All, pipeline => pipeline.Id, request.PageSize, request.PageToken);
        return new ListPipelinesResponse { Pipelines = { items }, NextPageToken = next };
    }

    private static ListErrorReasonsResponse PageOf(ListErrorReasonsRequest request)
    {
        var (items, next) = ListPage.Of(
            nameof(ListErrorReasons), ErrorReasonList.All,
            reason => ((int)reason.Reason).ToString("D10", CultureInfo.InvariantCulture), request.PageSize,
            request.PageToken, defaultSize: 100);
        return new ListErrorReasonsResponse { Reasons = { items }, NextPageToken = next };
    }

    /// <summary>
    /// Finds the job of a request. A job of another tenant does not exist for the caller. A job never changes its
    /// tenant, so one check per call is enough.
    /// </summary>
    /// <exception cref="ServiceException">JOB_NOT_FOUND, MISSING_FIELD or INVALID_FIELD.</exception>
    private async ValueTask<JobRecord> VisibleAsync(
        string jobIdText, ServerCallContext context, string field = "job_id")
    {
        var jobId = RequestChecks.JobId(jobIdText, field);
        JobTraces.Mark(jobId);
        return await tracker.FindAsync(jobId, context.CancellationToken) is { } job
            && context.Caller().CanSee(job.Tenant)
                ? job
                : throw JobErrors.NotFound(jobId);
    }

    /// <summary>A job that was just stored.</summary>
    private ValueTask<Job> ShowAsync(JobRecord stored, ServerCallContext context) =>
        messages.OfAsync(tracker.WithProgress(stored), context.CancellationToken);

    /// <summary>The check of an etag, for the inside of a change: the progress of a running job counts too.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD: no job can have this etag.</exception>
    private Action<JobRecord> Unchanged(string etag, string field = "etag") =>
        etag.Length == 0 || JobMessage.IsEtag(etag)
            ? job => messages.RequireEtag(tracker.Latest(job), etag)
            : throw ServiceException.InvalidField(
                field,
                $"{field} must be empty or the etag of a job exactly as the server returned it: W/ and a quoted text.",
                etag);

    private VideoSubmission SubmissionOf(SubmitVideoRequest request, Caller caller)
    {
        var video = ReferenceOf(request, caller);
        if (request.PipelineId.Length == 0)
        {
            throw ServiceException.MissingField("pipeline_id", $"This server has: {PipelineIds()}.");
        }

        var pipeline = pipelines.All.FirstOrDefault(known => known.Id == request.PipelineId)
            ?? throw UnknownPipeline(request.PipelineId);
        var (frameStride, maxFrames, choices) = JobOptionChecks.Parse(request.Options, pipeline);
        return new VideoSubmission(
            video,
            request.PipelineId,
            frameStride,
            maxFrames,
            JobFields.DisplayName(request.DisplayName),
            JobFields.Tags(request.Tags),
            JobFields.Priority(request.HasPriority ? request.Priority : null),
            RequestId(request.RequestId),
            caller.Tenant,
            webhooks.Require(request.Webhook, caller.Tenant))
        {
            Choices = choices,
            ReuseResults = request.ReuseResults,
            PipelineVersion = pipeline.Version,
        };
    }

    private static VideoReference ReferenceOf(SubmitVideoRequest request, Caller caller) => request.SourceCase switch
    {
        SubmitVideoRequest.SourceOneofCase.Content => new VideoReference.Inline(request.Content),
        SubmitVideoRequest.SourceOneofCase.Uri => new VideoReference.Remote(request.Uri),
        SubmitVideoRequest.SourceOneofCase.UploadId =>
            new VideoReference.Upload(RequestChecks.UploadId(request.UploadId), caller.VisibleTenant),
        SubmitVideoRequest.SourceOneofCase.SourceJobId => new VideoReference.StoredJob(
            RequestChecks.JobId(request.SourceJobId, "source_job_id"), caller.VisibleTenant),
        _ => throw ServiceException.MissingField(
            "source", "Send the video as content (its bytes), as uri, as upload_id, or as source_job_id."),
    };

    private ServiceException UnknownPipeline(string pipelineId)
    {
        var description = string.Create(
            CultureInfo.InvariantCulture,
            $"There is no pipeline \"{Shortened(pipelineId)}\" here. This server has: {PipelineIds()}.");
        return new ServiceException(ErrorReason.UnknownPipeline, description)
        {
            FieldViolations = [new FieldViolation("pipeline_id", description)],
            Metadata = new Dictionary<string, string>
            {
                ["pipelineId"] = Shortened(pipelineId),
                ["pipelines"] = string.Join(",", pipelines.All.Select(pipeline => pipeline.Id)),
            },
        };
    }

    private string PipelineIds() => string.Join(", ", pipelines.All.Select(pipeline => pipeline.Id));

    private static string Shortened(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
