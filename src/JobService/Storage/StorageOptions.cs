using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

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

    /// <value>
    /// Free space that a new video has to leave, in bytes, so that the database and results of jobs that were accepted
    /// have room. Default 64 MiB; 0 for none.
    /// </value>
    [Range(0, 1L << 50)]
    [Limit(
        "bytes", "Free space that a new video has to leave; one that would not is refused.",
        Reason = ErrorReason.StorageFull)]
    public long MinFreeBytes { get; set; } = 64L << 20;
}
