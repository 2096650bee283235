using ForegSyte.V1;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Which results belong to which frame. Results are read once, in order, as the frames come, so that memory does not
/// grow with the video.
/// </summary>
/// <remarks>
/// Under a stride the frames between two analyzed ones show what the last analyzed one had, marked as held. A result is
/// held for stride - 1 frames and no longer, so that nothing stays on the picture after max_frames has ended the
/// analysis.
/// </remarks>
/// <param name="results">Ascending frame_index.</param>
/// <param name="frameStride">Stride of the job; 0 means 1.</param>
internal sealed class ResultTimeline(IAsyncEnumerable<FrameResult> results, int frameStride) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<FrameResult> _results = results.GetAsyncEnumerator();
    private FrameResult? _current;
    private FrameResult? _next;
    private bool _isStarted;

    /// <summary>What to draw over a frame; null for nothing. Ask with rising indexes.</summary>
    public async ValueTask<HeldResult?> AtAsync(int frameIndex)
    {
        if (!_isStarted)
        {
            _isStarted = true;
            await ReadNextAsync();
        }

        while (_next is not null && _next.FrameIndex <= frameIndex)
        {
            _current = _next;
            await ReadNextAsync();
        }

        if (_current is null || frameIndex - _current.FrameIndex >= Math.Max(1, frameStride))
        {
            return null;
        }

        return new HeldResult(_current.Result ?? new PipelineResult(), _current.FrameIndex != frameIndex);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _results.DisposeAsync();

    private async ValueTask ReadNextAsync() => _next = await _results.MoveNextAsync() ? _results.Current : null;
}
