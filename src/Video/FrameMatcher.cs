namespace ForegSyte.Video;

/// <summary>
/// Finds the index of each frame that leaves one decoder. It is called for every frame, in the order of the output.
/// </summary>
/// <param name="index">The video.</param>
internal sealed class FrameMatcher(VideoIndex index)
{
    /// <summary>The index of the next frame; null if the container does not list it.</summary>
    public int? Next(ShowInfoLine frame) => frame.Ticks is { } ticks ? index.IndexOf(ticks) : null;
}
