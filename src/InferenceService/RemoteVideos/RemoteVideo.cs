using System.Buffers.Binary;
using ForegSyte.Hosting.Errors;
using ForegSyte.Video;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>
/// The use of a remote video by one call. FFmpeg reads its sparse file; before, the call fetches what FFmpeg will read.
/// </summary>
internal sealed class RemoteVideo(
    VideoCache cache, CachedVideo video, RangeClient client, Uri uri) : IDisposable
{
    /// <summary>Boxes of a file without fragments; one with more is fetched whole.</summary>
    private const int MaxBoxes = 1000;

    private const int HeaderBytes = 16;

    private static readonly string[] KnownBoxes =
        ["ftyp", "moov", "mdat", "free", "skip", "wide", "udta", "meta", "uuid"];

    /// <summary>Path of the sparse file.</summary>
    public string Path => video.Path;

    /// <summary>The uri without its query, for messages.</summary>
    public string ShownUri => RemoteErrors.Shown(uri);

    /// <summary>Whether all bytes are there.</summary>
    public bool IsWhole => video.IsWhole;

    /// <summary>Whether the index must be read from the whole file. Once true, it stays true.</summary>
    public bool IsReadWhole => video.IsReadWhole;

    /// <summary>
    /// Fetches what the index is made of: the boxes without the data of the frames, and the beginning of each track.
    /// The whole file, if its frames cannot be read in parts.
    /// </summary>
    /// <param name="maxFrames">Maximum number of frames of a track.</param>
    /// <param name="cancellationToken">Ends the fetch.</param>
    /// <exception cref="ServiceException">Those of <see cref="CachedVideo.FetchAsync"/>.</exception>
    public async Task FetchIndexAsync(int maxFrames, CancellationToken cancellationToken)
    {
        if (video.IsReadWhole)
        {
            await FetchAllAsync(cancellationToken);
            return;
        }

        if (video.Tables is not null)
        {
            return;
        }

        var tables = await FetchBoxesAsync(cancellationToken) ? ReadTables(maxFrames, cancellationToken) : null;
        if (tables is null)
        {
            await FetchAllAsync(cancellationToken);
            return;
        }

        await FetchAsync(NeededBytes.ToOpen(tables), cancellationToken);
        video.Tables = tables;
    }

    /// <summary>Fetches the whole video, and has its index read from it from now on.</summary>
    /// <exception cref="ServiceException">Those of <see cref="CachedVideo.FetchAsync"/>.</exception>
    public async Task FetchAllAsync(CancellationToken cancellationToken)
    {
        await FetchAsync([new ByteRange(0, video.Size)], cancellationToken);
        video.IsReadWhole = true;
    }

    /// <summary>Whether FFmpeg begins to read a track at its first sample, whose beginning was fetched.</summary>
    /// <param name="index">The index that was read from the sparse file.</param>
    public bool BeginsAtFirstSample(VideoIndex index) =>
        TableOf(index.Info.TrackId) is { Count: > 0 } table
        && (index.FramesAt(table.Offsets[0]).Count > 0 || index.IsHiddenAt(table.Offsets[0]));

    /// <summary>Fetches the bytes of frames, and those that a decoder needs before and after them.</summary>
    /// <param name="trackId">The analyzed track.</param>
    /// <param name="parts">
    /// For each decoder the first byte of the key frame where it starts, null for the beginning, and the first bytes of
    /// all frames to the last wanted one.
    /// </param>
    /// <param name="cancellationToken">Ends the fetch.</param>
    /// <exception cref="ServiceException">Those of <see cref="CachedVideo.FetchAsync"/>.</exception>
    public async Task FetchFramesAsync(
        int trackId, IEnumerable<(long? Start, IEnumerable<long?> Frames)> parts, CancellationToken cancellationToken)
    {
        if (video.IsWhole)
        {
            return;
        }

        var ranges = new List<ByteRange>();
        foreach (var (start, frames) in parts)
        {
            if (TableOf(trackId) is not { } table || NeededBytes.ToDecode(table, start, frames) is not { } part)
            {
                ranges = [new ByteRange(0, video.Size)];
                break;
            }

            ranges.AddRange(part);
        }

        await FetchAsync(ranges, cancellationToken);
    }

    /// <inheritdoc />
    public void Dispose() => cache.Release(video);

    private SampleTable? TableOf(int trackId) => video.Tables?.FirstOrDefault(table => table.TrackId == trackId);

    private Task FetchAsync(IEnumerable<ByteRange> ranges, CancellationToken cancellationToken) =>
        video.FetchAsync(client, uri, ranges, cancellationToken);

    /// <summary>
    /// Fetches the headers of all boxes, and all bytes of those without frames; false if there are fragments, unknown
    /// boxes or trailing bytes.
    /// </summary>
    private async Task<bool> FetchBoxesAsync(CancellationToken cancellationToken)
    {
        var offset = 0L;
        var header = new byte[HeaderBytes];
        for (var box = 0; box < MaxBoxes && offset < video.Size; box++)
        {
            await FetchAsync([new ByteRange(offset, offset + HeaderBytes)], cancellationToken);
            var length = video.Read(header, offset);
            if (length < 8 || !KnownBoxes.Contains(System.Text.Encoding.Latin1.GetString(header, 4, 4)))
            {
                return false;
            }

            long size = BinaryPrimitives.ReadUInt32BigEndian(header);
            size = size == 1 && length == HeaderBytes ? BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(8))
                : size == 0 ? video.Size - offset : size;
            if (size < 8 || size > video.Size - offset)
            {
                return false;
            }

            if (!header.AsSpan(4, 4).SequenceEqual("mdat"u8))
            {
                await FetchAsync([new ByteRange(offset, offset + size)], cancellationToken);
            }

            offset += size;
        }

        return offset == video.Size && offset > 0;
    }

    private IReadOnlyList<SampleTable>? ReadTables(int maxFrames, CancellationToken cancellationToken)
    {
        using var file = new FileStream(
            video.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return SampleTable.Read(file, maxFrames, cancellationToken);
    }
}
