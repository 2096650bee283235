namespace ForegSyte.Jobs.Inference;

/// <summary>A call of the InferenceService that failed, in the words of a job.</summary>
/// <param name="failure">Why, as it is kept with the attempt.</param>
/// <param name="cause">What the call threw, for the log.</param>
internal sealed class InferenceFailedException(JobFailure failure, Exception? cause = null)
    : Exception(failure.Message, cause)
{
    public JobFailure Failure { get; } = failure;

    /// <summary>When the InferenceService asked to be called again; null where it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
