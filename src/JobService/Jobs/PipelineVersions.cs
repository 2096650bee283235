using ForegSyte.Inference.V1;

namespace ForegSyte.Jobs;

/// <summary>Finds the version of the pipeline that gave all results of a job. Pure but for its own state.</summary>
internal sealed class PipelineVersions
{
    private readonly HashSet<string> _versions = new(StringComparer.Ordinal);

    /// <summary>
    /// Pipeline.version of all results; null if there are none, if the version of some is unknown, or if they differ:
    /// then the pipeline was changed while the job ran.
    /// </summary>
    public string? Common => _versions.Count == 1 && _versions.Single() is { Length: > 0 } version ? version : null;

    /// <summary>Adds a segment. One without results says nothing.</summary>
    public void Add(RunPipelineResponse segment)
    {
        if (segment.Results.Count > 0)
        {
            _versions.Add(segment.PipelineVersion);
        }
    }
}
