using ForegSyte.Inference.V1;
using ForegSyte.V1;
using GetFrameRequest = ForegSyte.Inference.V1.GetFrameRequest;
using GetFrameResponse = ForegSyte.Inference.V1.GetFrameResponse;

namespace ForegSyte.Jobs.Inference;

/// <summary>
/// All InferenceServices as one. A failure throws <see cref="InferenceFailedException"/>; the caller's own cancellation
/// throws OperationCanceledException.
/// </summary>
internal interface IInferenceClient
{
    /// <summary>Number of configured InferenceServices.</summary>
    int KnownCount { get; }

    /// <summary>Number of InferenceServices that serve now.</summary>
    int ServingCount { get; }

    /// <summary>Devices of the InferenceServices that serve now, as far as they have told them.</summary>
    IReadOnlyList<Device> Devices { get; }

    /// <summary>Waits, without a time limit, until an InferenceService serves.</summary>
    Task WaitUntilServingAsync(CancellationToken cancellationToken);

    /// <summary>Reads the container of a video.</summary>
    Task<ProbeVideoResponse> ProbeAsync(ProbeVideoRequest request, CancellationToken cancellationToken);

    /// <summary>Gets one frame of a video.</summary>
    Task<GetFrameResponse> GetFrameAsync(GetFrameRequest request, CancellationToken cancellationToken);

    /// <summary>Draws results on a part of a video.</summary>
    Task<AnnotateVideoResponse> AnnotateAsync(AnnotateVideoRequest request, CancellationToken cancellationToken);

    /// <summary>Runs a pipeline on one segment.</summary>
    /// <param name="request">The segment.</param>
    /// <param name="onInstance">Called with the address of the InferenceService before each call.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<RunPipelineResponse> RunAsync(
        RunPipelineRequest request, Action<Uri> onInstance, CancellationToken cancellationToken);
}

/// <summary>
/// One InferenceService. A failure throws <see cref="InferenceFailedException"/>; the caller's own cancellation throws
/// OperationCanceledException.
/// </summary>
internal interface IInferenceInstance
{
    Uri Address { get; }

    /// <summary>Checks its health once; throws only for the caller's own cancellation.</summary>
    Task<InstanceHealth> CheckAsync(CancellationToken cancellationToken);

    /// <summary>Reads the container of a video.</summary>
    Task<ProbeVideoResponse> ProbeAsync(ProbeVideoRequest request, CancellationToken cancellationToken);

    /// <summary>Gets one frame of a video.</summary>
    Task<GetFrameResponse> GetFrameAsync(GetFrameRequest request, CancellationToken cancellationToken);

    /// <summary>Draws results on a part of a video.</summary>
    Task<AnnotateVideoResponse> AnnotateAsync(AnnotateVideoRequest request, CancellationToken cancellationToken);

    /// <summary>Runs a pipeline on one segment.</summary>
    Task<RunPipelineResponse> RunAsync(RunPipelineRequest request, CancellationToken cancellationToken);

    /// <summary>Its pipelines with their versions and labels.</summary>
    Task<IReadOnlyList<Pipeline>> ListPipelinesAsync(CancellationToken cancellationToken);

    /// <summary>The device that runs its models.</summary>
    Task<Device> GetDeviceAsync(CancellationToken cancellationToken);
}

/// <summary>The health of an InferenceService.</summary>
internal enum InstanceHealth
{
    /// <summary>It does not answer: not running, unreachable, or hanging. Its calls in flight are cancelled.</summary>
    Lost,

    /// <summary>It answers but takes no new calls: it starts or stops. It can finish its calls in flight.</summary>
    NotServing,

    /// <summary>It takes calls.</summary>
    Serving,
}
