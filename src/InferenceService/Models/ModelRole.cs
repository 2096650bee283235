namespace ForegSyte.Inference.Models;

/// <summary>What a stage uses a model for; a pipeline's node names its models by role.</summary>
internal enum ModelRole
{
    /// <summary>Finds objects.</summary>
    Detector,

    /// <summary>Finds lines of text.</summary>
    TextDetector,

    /// <summary>Reads one line of text.</summary>
    TextRecognizer,

    /// <summary>Tells upright lines from upside-down ones.</summary>
    TextDirection,
}
