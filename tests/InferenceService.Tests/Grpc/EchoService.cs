using ForegSyte.V1;
using Grpc.Core;
using Contract = ForegSyte.V1.InferenceService;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>Answers with the size of what arrived.</summary>
internal sealed class EchoService : Contract.InferenceServiceBase
{
    public override Task<RunPipelineResponse> RunPipeline(RunPipelineRequest request, ServerCallContext context) =>
        Task.FromResult(new RunPipelineResponse
        {
            Frames = new FrameAccounting { Decoded = request.CalculateSize() },
        });
}
