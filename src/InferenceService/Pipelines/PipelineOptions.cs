using System.ComponentModel.DataAnnotations;

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
    /// Frames that wait before each stage of a call. More hides more unevenness and holds more frames in memory: at
    /// most (capacity + 1) * (stages + 1) frames a call.
    /// </summary>
    /// <value>The default is 2.</value>
    [Range(1, 256)]
    public int FramesBetweenStages { get; set; } = 2;
}
