using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Frames;

/// <summary>Limits of GetFrame. Section "Frames".</summary>
internal sealed class FrameOptions
{
    public const string Section = "Frames";

    /// <summary>
    /// Maximum number of GetFrame calls that wait for an InferenceService. The rest of the InferenceServices' time
    /// belongs to jobs.
    /// </summary>
    /// <value>1 to 256; 4 by default.</value>
    [Range(1, 256)]
    [Limit("calls", "GetFrame calls that an InferenceService works on; further calls are queued.")]
    public int MaxRunning { get; set; } = 4;

    /// <summary>Maximum number of queued GetFrame calls; further calls get INFERENCE_BUSY.</summary>
    /// <value>0 to 10000; 100 by default.</value>
    [Range(0, 10_000)]
    [Limit(
        "calls", "Queued GetFrame calls; above it calls are refused with a retry delay.",
        Reason = ErrorReason.InferenceBusy)]
    public int MaxWaiting { get; set; } = 100;

    /// <summary>
    /// Maximum number of parts of annotated copies that InferenceServices draw at the same time; tenants have them in
    /// turn.
    /// </summary>
    /// <value>1 to 256; 2 by default.</value>
    [Range(1, 256)]
    [Limit("calls", "Parts of annotated copies that InferenceServices draw; further ones wait, tenants in turn.")]
    public int MaxRunningCopies { get; set; } = 2;

    /// <summary>Memory of recent pictures; above it the least recently used ones are evicted.</summary>
    /// <value>0 to 1 GiB; 32 MiB by default. 0 keeps none.</value>
    [Range(0, 1 << 30)]
    [Limit("bytes", "Memory of recent pictures of frames; above it the least recently used ones are evicted.")]
    public int CacheBytes { get; set; } = 32 << 20;
}
