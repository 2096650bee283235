using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Jobs.Grpc;

/// <summary>How long WaitJob waits. Section "Wait".</summary>
internal sealed class WaitOptions
{
    public const string Section = "Wait";

    /// <summary>Wait where the caller does not say how long.</summary>
    /// <value>0 to 10 minutes; 30 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan DefaultTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait; a longer one is cut to this.</summary>
    /// <value>1 s to 10 minutes; 60 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan MaxTimeout { get; set; } = TimeSpan.FromSeconds(60);
}
