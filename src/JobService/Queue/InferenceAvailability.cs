using ForegSyte.Jobs.Inference;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>Lets workers pass while an InferenceService serves, and knows whether they are being held up.</summary>
internal sealed class InferenceAvailability(
    IInferenceClient inference, IOptions<DispatchOptions> options, TimeProvider time)
{
    private volatile bool _isClosed;

    /// <summary>Whether no InferenceService served when a worker last asked.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Returns when an InferenceService serves, however long that takes.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (!await TryPassAsync(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Whether an InferenceService serves, or does so within <see cref="DispatchOptions.ServingPatience"/>.
    /// </summary>
    public async Task<bool> TryPassAsync(CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var serving = inference.WaitUntilServingAsync(giveUp.Token);
        try
        {
            await serving.WaitAsync(options.Value.ServingPatience, time, cancellationToken);
            _isClosed = false;
            return true;
        }
        catch (TimeoutException)
        {
            _isClosed = true;
            return false;
        }
        finally
        {
            await giveUp.CancelAsync();
            await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
