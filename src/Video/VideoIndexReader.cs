using ForegSyte.Protocol.Mp4;

namespace ForegSyte.Video;

/// <summary>Runs ffprobe for the reader of frames: the service in a sandbox, the command line without.</summary>
internal interface IFfprobe
{
    /// <summary>Runs ffprobe to its end, or until a line returns false.</summary>
    /// <param name="arguments">Arguments of ffprobe.</param>
    /// <param name="path">Canonical path of the video, the only file that it reads.</param>
    /// <param name="onLine">Called for each line of its output.</param>
    /// <param name="cancellationToken">Ends the process.</param>
    /// <returns>Null for success; otherwise the error of the caller, not thrown.</returns>
    Task<Exception?> RunAsync(
        IReadOnlyList<string> arguments,
        string path,
        Func<ReadOnlyMemory<char>, bool> onLine,
        CancellationToken cancellationToken);
}

/// <summary>
/// Reads the index of a video. Only what the container leaves open is decoded: a turn that only the stream tells, and
/// the order of frames whose timestamps do not tell it.
/// </summary>
/// <param name="ffprobe">Runs ffprobe.</param>
/// <param name="limits">Limits on videos.</param>
/// <param name="canToneMap">Whether FFmpeg has the filters of <see cref="FrameFilters.OfToneMapping"/>.</param>
/// <param name="onUndecided">
/// Receives the reason if a decision could not be made from the decoded frames, so that the container decides alone.
/// </param>
internal sealed class VideoIndexReader(
    IFfprobe ffprobe, VideoLimits limits, bool canToneMap, Action<string, Exception> onUndecided)
{
    /// <summary>Packets after which a stream that reorders frames has done so.</summary>
    private const int PacketsThatShowReordering = 64;

    /// <summary>Reads the index.</summary>
    /// <param name="file">The video, open for reading.</param>
    /// <param name="path">Its canonical path.</param>
    /// <param name="cancellationToken">Ends ffprobe.</param>
    /// <exception cref="VideoRefusedException">The video cannot be read.</exception>
    public Task<VideoIndex> ReadAsync(FileStream file, string path, CancellationToken cancellationToken) =>
        ReadAsync(file, path, isPartial: false, cancellationToken);

    /// <inheritdoc cref="ReadAsync(FileStream, string, CancellationToken)" />
    /// <param name="file">The video, open for reading.</param>
    /// <param name="path">Its canonical path.</param>
    /// <param name="isPartial">
    /// Whether frames are missing, in which a parser must not look for key frames: those of the sync table count.
    /// </param>
    /// <param name="cancellationToken">Ends ffprobe.</param>
    public async Task<VideoIndex> ReadAsync(
        FileStream file, string path, bool isPartial, CancellationToken cancellationToken)
    {
        var trailingBytes = TopLevelBoxCheck.Run(file);
        var boxes = TrackBoxes.Read(file, limits.MaxFrames, cancellationToken);
        var table = new PacketTable(limits.MaxFrames, SampleUses.MaxBytes(file.Length));
        var failure = await ffprobe.RunAsync(
            ProbeArguments.Packets(
                limits, path, isPartial || boxes.Any(track => track is { IsVideo: true, HasEmptySamples: true })),
            path,
            line => table.Add(line.Span),
            cancellationToken);
        if (table.RepeatsBytes)
        {
            throw VideoRefusedException.NotAnMp4($"{SampleUses.Problem(file.Length)}.");
        }

        if (table.IsOverLimit)
        {
            throw VideoRefusedException.LimitExceeded(
                nameof(limits.MaxFrames), limits.MaxFrames, "frames", "The video tracks together have more frames.");
        }

        if (failure is not null)
        {
            throw failure;
        }

        var track = table.Choose(boxes);
        track.CheckSize(limits);
        track.CanToneMap = canToneMap;
        var matrix = MayTellOrientation(file, track, boxes)
            ? await FrameMatrixAsync(path, track, cancellationToken)
            : null;
        var order = track.IsOrderUncertain ? await OutputOrderAsync(path, track, cancellationToken) : null;
        return track.ToIndex(file.Length, limits, trailingBytes, matrix, order);
    }

    private static bool MayTellOrientation(FileStream file, TrackPackets track, IReadOnlyList<TrackBoxes> boxes)
    {
        if (track.Codec == "hevc"
            && boxes.Any(one => one.Id == track.TrackId && one.MayTellOrientation))
        {
            return true;
        }

        var (position, size) = track.FirstPacket;
        if (position < 0 || position >= file.Length)
        {
            return false;
        }

        var bytes = new byte[Math.Clamp(size, 0, OrientationMessage.MaxBytes)];
        var read = RandomAccess.Read(file.SafeFileHandle, bytes, position);
        return OrientationMessage.IsPossible(track.Codec, track.NalLengthSize, bytes.AsSpan(0, read), size);
    }

    /// <summary>The display matrix that the first frame carries; null if none.</summary>
    private async Task<string?> FrameMatrixAsync(
        string path, TrackPackets track, CancellationToken cancellationToken)
    {
        string? matrix = null;
        var failure = await ffprobe.RunAsync(
            ProbeArguments.FirstFrame(limits, path, track.StreamIndex),
            path,
            line =>
            {
                foreach (var field in new CompactFields(line.Span))
                {
                    matrix ??= field.Key is "displaymatrix" ? field.Value.ToString() : null;
                }

                return matrix is null;
            },
            cancellationToken);
        if (failure is not null)
        {
            onUndecided("orientation in the video stream", failure);
        }

        return matrix;
    }

    /// <summary>
    /// Positions of the packets in the order in which the decoder shows their frames; null if it is that of the file,
    /// or could not be found.
    /// </summary>
    private async Task<IReadOnlyList<long>?> OutputOrderAsync(
        string path, TrackPackets track, CancellationToken cancellationToken)
    {
        if (!track.IsReordered
            && await ListOutputAsync(path, track, PacketsThatShowReordering, cancellationToken) is { } begin
            && begin.SequenceEqual(begin.Order()))
        {
            return null;
        }

        return await ListOutputAsync(path, track, maxPackets: null, cancellationToken);
    }

    private async Task<IReadOnlyList<long>?> ListOutputAsync(
        string path, TrackPackets track, int? maxPackets, CancellationToken cancellationToken)
    {
        List<long> positions = [];
        var failure = await ffprobe.RunAsync(
            ProbeArguments.OutputOrder(limits, path, track.StreamIndex, maxPackets),
            path,
            line =>
            {
                foreach (var field in new CompactFields(line.Span))
                {
                    if (field.Key is "pkt_pos" && PacketTable.Number(field.Value) is { } position)
                    {
                        positions.Add(position);
                    }
                }

                return positions.Count <= limits.MaxFrames;
            },
            cancellationToken);
        if (failure is null)
        {
            return positions;
        }

        onUndecided("order of the frames", failure);
        return null;
    }
}
