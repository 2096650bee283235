using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Jobs.Inference;

/// <summary>Where the pipelines are. Section "Pipelines".</summary>
internal sealed class PipelineOptions
{
    public const string Section = "Pipelines";

    /// <summary>
    /// The folder with a file {id}.json for each pipeline; a relative path starts from DataDirectory.
    /// </summary>
    /// <value>"pipelines" by default.</value>
    [Required]
    public string Directory { get; set; } = "pipelines";
}
