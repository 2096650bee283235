using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.JobBenchmarks.Uploads;

/// <summary>What the client needs around an upload.</summary>
internal sealed class SinkJobService(SinkFile file) : JobService.JobServiceBase
{
    /// <inheritdoc />
    public override Task<SubmitVideoResponse> SubmitVideo(SubmitVideoRequest request, ServerCallContext context)
    {
        file.End();
        return Task.FromResult(new SubmitVideoResponse { Job = new Job { JobId = Guid.NewGuid().ToString() } });
    }

    /// <inheritdoc />
    public override Task<ListPipelinesResponse> ListPipelines(
        ListPipelinesRequest request, ServerCallContext context) =>
        Task.FromResult(new ListPipelinesResponse { Pipelines = { new Pipeline { Id = UploadTarget.PipelineId } } });
}
