namespace ForegSyte.Video;

/// <summary>
/// Finds the index of each frame that leaves one decoder. It is called for every frame, in the order of the output.
/// </summary>
/// <remarks>
/// The position of a frame's packet in the file identifies it. Its timestamp alone does not: after timestamps that it
/// takes for faulty (two equal ones, for example), FFmpeg shows decode times instead. Timestamps decide between the
/// repetitions of a packet by an edit list, and where FFmpeg knows no position.
/// </remarks>
/// <param name="index">The video.</param>
internal sealed class FrameMatcher(VideoIndex index)
{
    private int _previous = -1;

    /// <summary>The index of the next frame; null if the container does not list it.</summary>
    public int? Next(ShowInfoLine frame)
    {
        var found = Find(frame);
        _previous = found ?? _previous;
        return found;
    }

    private int? Find(ShowInfoLine frame)
    {
        var byTicks = frame.Ticks is { } ticks ? index.IndexOf(ticks) : null;
        if (frame.Position is not (>= 0 and var position))
        {
            return NextOfEqual(byTicks);
        }

        if (byTicks is { } likely && index.PositionOf(likely) == position)
        {
            return likely;
        }

        var candidates = index.FramesAt(position);
        return candidates.Count switch
        {
            0 => index.IsHiddenAt(position) ? null : NextOfEqual(byTicks),

            // A packet with two frames is listed once.
            1 => candidates[0] == _previous ? null : candidates[0],
            _ => candidates.Cast<int?>().FirstOrDefault(candidate => index.TicksOf(candidate!.Value) == frame.Ticks)
                ?? candidates.Cast<int?>().FirstOrDefault(candidate => candidate > _previous),
        };
    }

    /// <summary>The first frame with the same timestamp that has not left the decoder yet.</summary>
    private int? NextOfEqual(int? byTicks) =>
        byTicks is { } first
        && _previous >= first
        && _previous + 1 < index.FrameCount
        && index.TicksOf(_previous + 1) == index.TicksOf(first)
            ? _previous + 1
            : byTicks;
}
