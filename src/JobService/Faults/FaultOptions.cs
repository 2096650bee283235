using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Jobs.Faults;

/// <summary>Faults that the process makes of itself, for the fault suite only. Section "Faults".</summary>
internal sealed class FaultOptions
{
    public const string Section = "Faults";

    /// <summary>Where the process ends itself as kill -9 would.</summary>
    /// <value>Nowhere by default.</value>
    [EnumDataType(typeof(CrashPoint))]
    public CrashPoint? CrashAt { get; set; }

    /// <summary>At which passing of <see cref="CrashAt"/> it ends itself.</summary>
    /// <value>1 to 1000000; 1 by default.</value>
    [Range(1, 1_000_000)]
    public int CrashAtPassing { get; set; } = 1;
}
