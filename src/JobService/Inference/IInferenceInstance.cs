using ForegSyte.V1;

namespace ForegSyte.Jobs.Inference;

/// <summary>
/// One InferenceService. Failures are <see cref="InferenceFailedException"/>; the caller's own cancellation is an
/// OperationCanceledException.
/// </summary>
internal interface IInferenceInstance
{
    /// <summary>Where it is.</summary>
    Uri Address { get; }

    /// <summary>Asks it once how it is; never throws but for the caller's own cancellation.</summary>
    Task<InstanceHealth> CheckAsync(CancellationToken cancellationToken);

    /// <summary>Reads what the container of a video says.</summary>
    Task<ProbeVideoResponse> ProbeAsync(Uri video, CancellationToken cancellationToken);

    /// <summary>Runs a pipeline over one segment.</summary>
    Task<RunPipelineResponse> RunAsync(RunPipelineRequest request, CancellationToken cancellationToken);
}
