using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>A JobService with scripted responses.</summary>
public sealed class ScriptedJobService : JobService.JobServiceBase
{
    public Script<SubmitVideoRequest, SubmitVideoResponse> Submit { get; } = new();

    public Script<GetJobRequest, GetJobResponse> Get { get; } = new();

    public Script<WaitJobRequest, WaitJobResponse> Wait { get; } = new();

    public Script<ListJobsRequest, ListJobsResponse> List { get; } = new();

    public Script<UpdateJobRequest, UpdateJobResponse> Update { get; } = new();

    public Script<CancelJobRequest, CancelJobResponse> Cancel { get; } = new();

    public Script<RetryJobRequest, RetryJobResponse> Retry { get; } = new();

    public Script<DeleteJobRequest, DeleteJobResponse> Delete { get; } = new();

    public Script<GetJobResultsRequest, GetJobResultsResponse> Results { get; } = new();

    public Script<ListObjectTracksRequest, ListObjectTracksResponse> ObjectTracks { get; } = new();

    public Script<ListTextTracksRequest, ListTextTracksResponse> TextTracks { get; } = new();

    public Script<ListShotsRequest, ListShotsResponse> Shots { get; } = new();

    public Script<DownloadVideoRequest, DownloadVideoResponse> Download { get; } = new();

    public Script<GetFrameRequest, GetFrameResponse> Frames { get; } = new();

    public Script<ListPipelinesRequest, ListPipelinesResponse> Pipelines { get; } = new();

    public Script<DiagnoseJobRequest, DiagnoseJobResponse> Diagnose { get; } = new();

    public Script<DrainServerRequest, DrainServerResponse> Drain { get; } = new();

    public Script<UndrainServerRequest, UndrainServerResponse> Undrain { get; } = new();

    public Script<ListNodesRequest, ListNodesResponse> Nodes { get; } = new();

    public Script<ListTenantUsageRequest, ListTenantUsageResponse> Usage { get; } = new();

    public Script<CreateBackupRequest, CreateBackupResponse> Backups { get; } = new();

    public Script<GetServerInfoRequest, GetServerInfoResponse> Info { get; } = new();

    public Script<ListErrorReasonsRequest, ListErrorReasonsResponse> Reasons { get; } = new();

    public override Task<SubmitVideoResponse> SubmitVideo(SubmitVideoRequest request, ServerCallContext context) =>
        Submit.RunAsync(request, context);

    public override Task<GetJobResponse> GetJob(GetJobRequest request, ServerCallContext context) =>
        Get.RunAsync(request, context);

    public override Task<WaitJobResponse> WaitJob(WaitJobRequest request, ServerCallContext context) =>
        Wait.RunAsync(request, context);

    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context) =>
        List.RunAsync(request, context);

    public override Task<UpdateJobResponse> UpdateJob(UpdateJobRequest request, ServerCallContext context) =>
        Update.RunAsync(request, context);

    public override Task<CancelJobResponse> CancelJob(CancelJobRequest request, ServerCallContext context) =>
        Cancel.RunAsync(request, context);

    public override Task<RetryJobResponse> RetryJob(RetryJobRequest request, ServerCallContext context) =>
        Retry.RunAsync(request, context);

    public override Task<DeleteJobResponse> DeleteJob(DeleteJobRequest request, ServerCallContext context) =>
        Delete.RunAsync(request, context);

    public override Task<GetJobResultsResponse> GetJobResults(
        GetJobResultsRequest request, ServerCallContext context) =>
        Results.RunAsync(request, context);

    public override Task<ListObjectTracksResponse> ListObjectTracks(
        ListObjectTracksRequest request, ServerCallContext context) =>
        ObjectTracks.RunAsync(request, context);

    public override Task<ListTextTracksResponse> ListTextTracks(
        ListTextTracksRequest request, ServerCallContext context) =>
        TextTracks.RunAsync(request, context);

    public override Task<ListShotsResponse> ListShots(ListShotsRequest request, ServerCallContext context) =>
        Shots.RunAsync(request, context);

    public override Task<DownloadVideoResponse> DownloadVideo(
        DownloadVideoRequest request, ServerCallContext context) =>
        Download.RunAsync(request, context);

    public override Task<GetFrameResponse> GetFrame(GetFrameRequest request, ServerCallContext context) =>
        Frames.RunAsync(request, context);

    public override Task<ListPipelinesResponse> ListPipelines(
        ListPipelinesRequest request, ServerCallContext context) =>
        Pipelines.RunAsync(request, context);

    public override Task<DiagnoseJobResponse> DiagnoseJob(DiagnoseJobRequest request, ServerCallContext context) =>
        Diagnose.RunAsync(request, context);

    public override Task<DrainServerResponse> DrainServer(DrainServerRequest request, ServerCallContext context) =>
        Drain.RunAsync(request, context);

    public override Task<ListNodesResponse> ListNodes(ListNodesRequest request, ServerCallContext context) =>
        Nodes.RunAsync(request, context);

    public override Task<UndrainServerResponse> UndrainServer(
        UndrainServerRequest request, ServerCallContext context) => Undrain.RunAsync(request, context);

    public override Task<ListTenantUsageResponse> ListTenantUsage(
        ListTenantUsageRequest request, ServerCallContext context) => Usage.RunAsync(request, context);

    public override Task<CreateBackupResponse> CreateBackup(CreateBackupRequest request, ServerCallContext context) =>
        Backups.RunAsync(request, context);

    public override Task<GetServerInfoResponse> GetServerInfo(
        GetServerInfoRequest request, ServerCallContext context) =>
        Info.RunAsync(request, context);

    public override Task<ListErrorReasonsResponse> ListErrorReasons(
        ListErrorReasonsRequest request, ServerCallContext context) =>
        Reasons.RunAsync(request, context);
}
