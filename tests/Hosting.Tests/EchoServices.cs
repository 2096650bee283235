using System.Collections.Concurrent;
using System.Diagnostics;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Grpc.Core;
using InferenceContract = ForegSyte.Inference.V1.InferenceService;
using JobContract = ForegSyte.V1.JobService;
using RunPipelineRequest = ForegSyte.Inference.V1.RunPipelineRequest;
using RunPipelineResponse = ForegSyte.Inference.V1.RunPipelineResponse;

namespace ForegSyte.Hosting.Tests;

/// <summary>A JobService without storage: it returns the ids that it is asked for.</summary>
internal sealed class EchoJobService : JobContract.JobServiceBase
{
    /// <summary>Id of a job that does not exist.</summary>
    public const string MissingJob = "missing";

    /// <summary>Size of a page of results; much more than the 64 KiB that Kestrel buffers unread.</summary>
    public const int LargeBytes = 1024 * 1024;

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _cancelled = new();

    /// <summary>What SubmitVideo does before it returns.</summary>
    public Func<ServerCallContext, Task> OnSubmit { get; set; } = _ => Task.CompletedTask;

    public override async Task<SubmitVideoResponse> SubmitVideo(SubmitVideoRequest request, ServerCallContext context)
    {
        await OnSubmit(context);
        return new SubmitVideoResponse
        {
            Job = new Job { JobId = "submitted", TraceParent = Activity.Current?.Id ?? "" },
        };
    }

    public override Task<GetJobResponse> GetJob(GetJobRequest request, ServerCallContext context) =>
        request.JobId == MissingJob
            ? throw new ServiceException(ErrorReason.JobNotFound, "The job does not exist.")
            {
                Resource = ("job", MissingJob),
            }
            : Task.FromResult(new GetJobResponse { Job = new Job { JobId = request.JobId } });

    /// <summary>Returns when CancelJob is called for the job.</summary>
    [LongPoll]
    public override async Task<WaitJobResponse> WaitJob(WaitJobRequest request, ServerCallContext context)
    {
        await SignalOf(request.JobId).Task.WaitAsync(context.CancellationToken);
        return new WaitJobResponse { Job = new Job { JobId = request.JobId, Status = JobStatus.Cancelled } };
    }

    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context) =>
        request.PageSize < 0
            ? throw ServiceException.InvalidField("page_size", "The page size must be 0 or more.", request.PageSize)
            : Task.FromResult(new ListJobsResponse());

    /// <summary>The last request of UpdateJob.</summary>
    public UpdateJobRequest? LastUpdate { get; private set; }

    public override Task<UpdateJobResponse> UpdateJob(UpdateJobRequest request, ServerCallContext context)
    {
        LastUpdate = request;
        return Task.FromResult(new UpdateJobResponse { Job = request.Job });
    }

    /// <summary>The last request of DeleteJob.</summary>
    public DeleteJobRequest? LastDelete { get; private set; }

    public override Task<DeleteJobResponse> DeleteJob(DeleteJobRequest request, ServerCallContext context)
    {
        LastDelete = request;
        return Task.FromResult(new DeleteJobResponse());
    }

    public override Task<CancelJobResponse> CancelJob(CancelJobRequest request, ServerCallContext context)
    {
        SignalOf(request.JobId).TrySetResult();
        return Task.FromResult(new CancelJobResponse
        {
            Job = new Job { JobId = request.JobId, Status = JobStatus.Cancelled },
        });
    }

    public override Task<GetJobResultsResponse> GetJobResults(
        GetJobResultsRequest request, ServerCallContext context) => Task.FromResult(new GetJobResultsResponse
        {
            Results = { new FrameResult { Result = new PipelineResult { Text = new string('x', LargeBytes) } } },
        });

    public override Task<ListPipelinesResponse> ListPipelines(
        ListPipelinesRequest request, ServerCallContext context) =>
        Task.FromResult(new ListPipelinesResponse { Pipelines = { new Pipeline { Id = "echo" } } });

    /// <summary>Whether CancelJob was called for the job.</summary>
    public bool IsCancelled(string jobId) => SignalOf(jobId).Task.IsCompleted;

    private TaskCompletionSource SignalOf(string jobId) =>
        _cancelled.GetOrAdd(jobId, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}

/// <summary>Returns the size of the request.</summary>
internal sealed class EchoInferenceService : InferenceContract.InferenceServiceBase
{
    public override Task<RunPipelineResponse> RunPipeline(RunPipelineRequest request, ServerCallContext context) =>
        Task.FromResult(new RunPipelineResponse
        {
            Frames = new FrameAccounting { Total = request.CalculateSize() },
        });
}
