using ForegSyte.Inference.Models;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// The frames that are computed at the same time, of all calls together. Whoever waits is served first come, first
/// served, and a call has only a few frames waiting: so the calls take turns, whatever their length.
/// </summary>
internal sealed class FrameSlots(int count) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count);

    public FrameSlots(InferenceDevice device)
        : this(device.Split.Runs)
    {
    }

    /// <summary>Frames that may be computed at the same time.</summary>
    public int Count { get; } = count;

    /// <summary>Waits for a slot; to be given back by <see cref="Release"/>.</summary>
    public Task TakeAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    /// <summary>Gives a slot back.</summary>
    public void Release() => _free.Release();

    /// <inheritdoc />
    public void Dispose() => _free.Dispose();
}
