namespace ForegSyte.Jobs;

/// <summary>A change of a job that its state does not allow. Nothing was changed.</summary>
/// <param name="refusal">Why.</param>
/// <param name="message">The same in words, with the job's id and status.</param>
internal sealed class TransitionRefusedException(TransitionRefusal refusal, string message) : Exception(message)
{
    public TransitionRefusal Refusal { get; } = refusal;
}
