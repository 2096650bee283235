namespace ForegSyte.Inference.Models;

/// <summary>How runs of a model that are asked for at the same time are put together.</summary>
/// <param name="MaxItems">Most pictures or lines of one run; 1 for none but those that come together anyway.</param>
/// <param name="MaxDelay">How long the first one waits for others.</param>
internal readonly record struct BatchLimits(int MaxItems, TimeSpan MaxDelay)
{
    /// <summary>
    /// Items of a run on a GPU where nothing is asked for: what Triton's guides begin with for detectors of this size.
    /// </summary>
    public const int ItemsOnGpu = 8;
}
