namespace ForegSyte.Testing;

/// <summary>A service that was started and does not listen.</summary>
/// <param name="name">"JobService" or "InferenceService".</param>
/// <param name="exitCode">Its exit code; null where it took too long.</param>
/// <param name="output">Everything that it printed.</param>
/// <param name="cause">What was noticed.</param>
public sealed class ServiceStartException(string name, int? exitCode, string output, Exception cause)
    : Exception($"{name} did not start. It printed:\n{output}", cause)
{
    /// <summary>Its exit code; null where it took too long.</summary>
    public int? ExitCode { get; } = exitCode;

    /// <summary>Everything that it printed.</summary>
    public string Output { get; } = output;
}
