using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Where the pipelines are and how they run; the section "Pipelines".</summary>
internal sealed class PipelineOptions
{
    public const string Section = "Pipelines";

    /// <summary>Folder of the pipelines, one file {id}.json each; a relative one starts from the data folder.</summary>
    /// <value>The default is "pipelines".</value>
    [Required]
    public string Directory { get; set; } = "pipelines";

    /// <summary>
    /// Frames of a call that wait to be computed or taken, beside those that are computed. More hides more unevenness
    /// and holds more decoded frames in memory: at most this many and those of Device:ConcurrentRuns a call.
    /// </summary>
    /// <value>The default is 4.</value>
    [Range(1, 256)]
    [Limit("frames", "Frames of a call that wait to be computed or taken; past it decoding waits.")]
    public int FramesAhead { get; set; } = 4;
}
