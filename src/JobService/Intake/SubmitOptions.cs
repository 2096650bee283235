using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Jobs.Intake;

/// <summary>What SubmitVideo takes. Section "Submit".</summary>
internal sealed class SubmitOptions
{
    public const string Section = "Submit";

    /// <summary>Largest video that may come inside the request, in bytes.</summary>
    /// <value>1 KiB to 1 GiB; 32 MiB by default.</value>
    [Range(1 << 10, 1 << 30)]
    public int MaxInlineBytes { get; set; } = 32 << 20;

    /// <summary>Largest video that may come by uri, in bytes.</summary>
    /// <value>1 KiB to 1 PiB; 64 GiB by default.</value>
    [Range(1L << 10, 1L << 50)]
    public long MaxVideoBytes { get; set; } = 64L << 30;

    /// <summary>Folders whose files may be submitted by uri, with all that is below them. Absolute paths.</summary>
    /// <value>None by default: no file of the server can be submitted by its path.</value>
    public IList<string> AllowedRoots { get; } = [];
}
