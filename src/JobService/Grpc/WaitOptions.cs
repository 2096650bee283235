using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Jobs.Grpc;

/// <summary>How long WaitJob waits. Section "Wait".</summary>
internal sealed class WaitOptions
{
    public const string Section = "Wait";

    /// <summary>Wait where the caller does not say how long.</summary>
    /// <value>0 to 10 minutes; 30 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    [Limit("", "Wait of a WaitJob call that does not say how long; after it the job is answered as it is.")]
    public TimeSpan DefaultTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait; a longer one is cut to this.</summary>
    /// <value>1 s to 10 minutes; 60 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    [Limit("", "Longest wait of a WaitJob call; a longer one is cut to this.")]
    public TimeSpan MaxTimeout { get; set; } = TimeSpan.FromSeconds(60);
}
