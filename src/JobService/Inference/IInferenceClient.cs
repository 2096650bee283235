using ForegSyte.V1;

namespace ForegSyte.Jobs.Inference;

/// <summary>
/// The InferenceService as the dispatcher sees it. Failures are <see cref="InferenceFailedException"/>; the caller's
/// own cancellation is an OperationCanceledException.
/// </summary>
internal interface IInferenceClient
{
    /// <summary>How many InferenceServices there are.</summary>
    int KnownCount { get; }

    /// <summary>How many InferenceServices serve now.</summary>
    int ServingCount { get; }

    /// <summary>Returns when the InferenceService says that it serves, however long that takes.</summary>
    Task WaitUntilServingAsync(CancellationToken cancellationToken);

    /// <summary>Reads what the container of a video says.</summary>
    Task<ProbeVideoResponse> ProbeAsync(Uri video, CancellationToken cancellationToken);

    /// <summary>Runs a pipeline over one segment.</summary>
    /// <param name="request">The segment.</param>
    /// <param name="placed">Is told which InferenceService gets it, before each call of one.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<RunPipelineResponse> RunAsync(
        RunPipelineRequest request, Action<Uri> placed, CancellationToken cancellationToken);
}
