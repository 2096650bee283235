using ForegSyte.V1;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>Results to draw on one frame.</summary>
/// <param name="Result">The results.</param>
/// <param name="IsHeld">Whether the frame was not analyzed and shows the results of an earlier one.</param>
internal sealed record HeldResult(PipelineResult Result, bool IsHeld);

/// <summary>
/// Assigns results to frames. It reads the results once, in order, along with the frames, so memory use does not grow
/// with the video.
/// </summary>
/// <remarks>
/// With a stride, the frames between two analyzed frames show the results of the last one, marked as held. A result is
/// held for stride - 1 frames at most, so no boxes remain after max_frames ended the analysis.
/// </remarks>
/// <param name="results">Results with ascending frame_index.</param>
/// <param name="frameStride">Stride of the job; 0 means 1.</param>
internal sealed class ResultTimeline(IAsyncEnumerable<FrameResult> results, int frameStride) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<FrameResult> _results = results.GetAsyncEnumerator();
    private FrameResult? _current;
    private FrameResult? _next;
    private bool _isStarted;

    /// <summary>Returns the results to draw on a frame, or null. Indexes must ascend.</summary>
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

    public ValueTask DisposeAsync() => _results.DisposeAsync();

    private async ValueTask ReadNextAsync() => _next = await _results.MoveNextAsync() ? _results.Current : null;
}
