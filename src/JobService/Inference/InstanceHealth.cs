namespace ForegSyte.Jobs.Inference;

/// <summary>What an InferenceService answered to a question after its health.</summary>
internal enum InstanceHealth
{
    /// <summary>It does not answer: not running, not reachable, or hanging. Nothing is to be had from it.</summary>
    Lost,

    /// <summary>It answers and takes no new work: it starts, or stops. What it works on it may still finish.</summary>
    NotServing,

    /// <summary>It takes work.</summary>
    Serving,
}
