using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Inference.Models;

/// <summary>Where the models are; the section "Models".</summary>
internal sealed class ModelsOptions
{
    public const string Section = "Models";

    /// <summary>Path of the model catalogue; a relative one starts from the data folder.</summary>
    /// <value>The default is "models/models.json".</value>
    [Required]
    public string CataloguePath { get; set; } = "models/models.json";
}
