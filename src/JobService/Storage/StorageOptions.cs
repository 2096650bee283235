using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Jobs.Storage;

/// <summary>Where artifacts are kept. Section "Storage".</summary>
internal sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>Name of the folder under DataDirectory.</summary>
    public const string DefaultFolderName = "video_jobs";

    /// <value>Absolute path of the folder. Default: video_jobs in DataDirectory.</value>
    [Required]
    public string Root { get; set; } = "";
}
