namespace ForegSyte.Jobs.Inference;

/// <summary>Where the pipelines are. Section "Pipelines".</summary>
internal sealed class PipelineOptions
{
    public const string Section = "Pipelines";

    /// <summary>The folder with a file {id}.json for each pipeline.</summary>
    /// <value>"pipelines" in DataDirectory by default.</value>
    public string? Directory { get; set; }
}
