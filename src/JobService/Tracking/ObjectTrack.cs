namespace ForegSyte.Jobs.Tracking;

/// <summary>An object that a detector reports in a frame, also below the published confidence.</summary>
/// <param name="ClassId">Index of its class.</param>
/// <param name="Confidence">0 to 1.</param>
/// <param name="Box">Its position.</param>
/// <param name="Appearance">Descriptor of its colours, see the class Appearance; null if unknown.</param>
internal readonly record struct TrackCandidate(
    int ClassId, double Confidence, TrackBox Box, byte[]? Appearance = null);

/// <summary>A box of a track in one frame.</summary>
/// <param name="FrameIndex">Index of the frame.</param>
/// <param name="Time">Time of the frame in seconds.</param>
/// <param name="Box">The box.</param>
/// <param name="IsInterpolated">Whether no candidate was matched in this frame.</param>
internal readonly record struct TrackPoint(int FrameIndex, double Time, TrackBox Box, bool IsInterpolated)
{
    /// <summary>The point on the straight way to a later one; by the frame indexes if both have the same
    /// time.</summary>
    /// <param name="later">The later point.</param>
    /// <param name="frameIndex">Index of the frame between them.</param>
    /// <param name="time">Its time in seconds.</param>
    public TrackPoint Toward(TrackPoint later, int frameIndex, double time)
    {
        var share = later.Time > Time
            ? (time - Time) / (later.Time - Time)
            : (double)(frameIndex - FrameIndex) / (later.FrameIndex - FrameIndex);
        return new TrackPoint(frameIndex, time, Box.Toward(later.Box, share), IsInterpolated: true);
    }
}

/// <summary>A point that was added to a track.</summary>
/// <param name="TrackId">The track.</param>
/// <param name="Point">The point.</param>
internal readonly record struct AddedPoint(int TrackId, TrackPoint Point);

/// <summary>An object over the frames from its first to its last candidate.</summary>
/// <param name="Id">Number of the track in the video, from 1. Discarded tracks leave gaps.</param>
/// <param name="ClassId">The class with the largest sum of confidences; the lowest index wins a tie.</param>
/// <param name="Confidence">Mean confidence of the candidates of that class.</param>
/// <param name="First">The first point.</param>
/// <param name="Last">The last point.</param>
/// <param name="Best">The point with the highest confidence; the earliest wins a tie.</param>
/// <param name="FramesSeen">Number of frames with a candidate.</param>
/// <param name="Path">The first, the last and evenly spread points between, in order.</param>
internal sealed record ObjectTrack(
    int Id, int ClassId, double Confidence, TrackPoint First, TrackPoint Last, TrackPoint Best, int FramesSeen,
    IReadOnlyList<TrackPoint> Path);

/// <summary>What one frame did to the tracks.</summary>
/// <param name="TrackIds">Track of each candidate of the frame; 0 for none.</param>
/// <param name="Interpolated">
/// Points in earlier frames of tracks that were found again in this frame, track by track in the order of frames.
/// </param>
/// <param name="Ended">Published tracks that can no longer continue, each reported once, by id.</param>
internal sealed record FrameTracks(
    IReadOnlyList<int> TrackIds, IReadOnlyList<AddedPoint> Interpolated, IReadOnlyList<ObjectTrack> Ended);
