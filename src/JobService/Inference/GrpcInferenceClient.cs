using ForegSyte.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Inference;

/// <summary>Calls the InferenceService with a deadline for each call.</summary>
internal sealed class GrpcInferenceClient(
    InferenceService.InferenceServiceClient inference,
    Health.HealthClient health,
    IOptions<InferenceOptions> options,
    TimeProvider time,
    ILogger<GrpcInferenceClient> logger) : IInferenceClient
{
    /// <summary>Whether it was told that no InferenceService serves; said once, however many workers wait.</summary>
    private bool _isMissing;

    /// <inheritdoc />
    public int ServingCount => 1;

    /// <inheritdoc />
    public async Task WaitUntilServingAsync(CancellationToken cancellationToken)
    {
        while (!await IsServingAsync(cancellationToken))
        {
            if (!Interlocked.Exchange(ref _isMissing, true))
            {
                logger.LogWarning("Jobs wait: no InferenceService serves at {Address}", options.Value.Address);
            }

            await Task.Delay(options.Value.HealthInterval, time, cancellationToken);
        }

        if (Interlocked.Exchange(ref _isMissing, false))
        {
            logger.LogInformation("The InferenceService serves at {Address}", options.Value.Address);
        }
    }

    /// <inheritdoc />
    public Task<ProbeVideoResponse> ProbeAsync(Uri video, CancellationToken cancellationToken)
    {
        var request = new ProbeVideoRequest { Video = new VideoSource { Uri = video.AbsoluteUri } };
        var deadline = DeadlineAfter(options.Value.ProbeTimeout);
        return CallAsync(
            inference.ProbeVideoAsync(request, deadline: deadline, cancellationToken: cancellationToken),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<RunPipelineResponse> RunAsync(RunPipelineRequest request, CancellationToken cancellationToken)
    {
        var deadline = DeadlineAfter(options.Value.SegmentTimeout);
        return CallAsync(
            inference.RunPipelineAsync(request, deadline: deadline, cancellationToken: cancellationToken),
            cancellationToken);
    }

    private static async Task<T> CallAsync<T>(AsyncUnaryCall<T> call, CancellationToken cancellationToken)
    {
        try
        {
            using (call)
            {
                return await call;
            }
        }
        catch (RpcException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The call was cancelled.", exception, cancellationToken);
        }
        catch (RpcException exception)
        {
            throw InferenceFailures.From(exception);
        }
    }

    private async Task<bool> IsServingAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await health.CheckAsync(
                new HealthCheckRequest(), deadline: DeadlineAfter(options.Value.HealthTimeout),
                cancellationToken: cancellationToken);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving;
        }
        catch (RpcException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            logger.LogDebug(exception, "The InferenceService did not answer a health check");
            return false;
        }
    }

    private DateTime DeadlineAfter(TimeSpan timeout) => (time.GetUtcNow() + timeout).UtcDateTime;
}
