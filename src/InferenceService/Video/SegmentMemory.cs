using ForegSyte.Inference.Memory;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>How a segment is read: with more memory it is faster, its frames are the same.</summary>
/// <param name="DecoderThreads">Threads of a decoder.</param>
/// <param name="Decoders">Decoders at the same time: one, or a second that starts while the first is read.</param>
/// <param name="Frames">Frames in memory at the same time.</param>
/// <param name="DecoderBytes">Memory of one decoder.</param>
/// <param name="Bytes">Memory of the segment.</param>
internal sealed record SegmentMemory(int DecoderThreads, int Decoders, int Frames, long DecoderBytes, long Bytes)
{
    /// <summary>What the decoder of a small clip takes.</summary>
    public const int ProcessBytes = 64 * Mebibyte;

    /// <summary>
    /// Tensors, response and pipe of a segment: an image of 960 pixels a side in float for each of two stages and its
    /// outputs, Grpc:MaxResponseBytes, and the batches of text lines.
    /// </summary>
    public const int TensorBytes = 64 * Mebibyte;

    private const int Mebibyte = 1024 * 1024;

    /// <summary>
    /// Bytes of the reference frames of H.264 at its highest level, 6.2, are those of this many pixels (MaxDpbMbs,
    /// Table A-1); HEVC and AV1 stay below with <see cref="MinReferences"/>.
    /// </summary>
    private const long ReferencePixels = 696_320 * 256;

    private const int MaxReferences = 16;
    private const int MinReferences = 8;

    /// <summary>Pictures beside the reference frames: those that wait for their turn and those in filters.</summary>
    private const int PicturesOfADecoder = 8;

    /// <summary>Pictures of each thread: the one that it decodes and those that it holds back.</summary>
    private const int PicturesOfAThread = 3;

    /// <summary>Pictures of a scan or probe, which has one thread and no filters.</summary>
    private const int PicturesOfAScan = 6;

    /// <summary>Copies of a frame between the scaler and the pipe.</summary>
    private const int OutputCopies = 3;

    /// <summary>Bytes of a pixel while HDR is mapped to SDR: four pictures of three floats.</summary>
    private const int ToneMappingBytes = 48;

    /// <summary>A coded frame is rounded up to whole blocks, and FFmpeg adds an edge to its pictures.</summary>
    private const int EdgePixels = 128;

    /// <summary>Codecs whose frames refer to no other.</summary>
    private static readonly string[] IntraCodecs =
        ["mjpeg", "png", "prores", "dnxhd", "jpeg2000", "rawvideo", "v210", "cfhd", "dvvideo", "tiff", "bmp"];

    /// <summary>
    /// The ways to read a segment, the fastest first: with fewer frames ahead, then without a second decoder, then with
    /// one thread, then frame by frame.
    /// </summary>
    /// <param name="index">The video.</param>
    /// <param name="size">Size of the frames.</param>
    /// <param name="threads">Threads of a decoder at most.</param>
    /// <param name="frames">Frames in memory at most.</param>
    /// <param name="kept">Further copies of frames that the pipeline keeps.</param>
    /// <param name="hasParts">Whether a second decoder can start ahead.</param>
    public static IReadOnlyList<SegmentMemory> Choices(
        VideoIndex index, FrameSize size, int threads, int frames, int kept, bool hasParts) =>
    [
        .. new SegmentMemory[]
        {
            Make(index, size, threads, hasParts ? 2 : 1, frames, kept),
            Make(index, size, threads, hasParts ? 2 : 1, Math.Min(frames, 3), kept),
            Make(index, size, threads, 1, Math.Min(frames, 3), kept),
            Make(index, size, 1, 1, Math.Min(frames, 2), kept),
            Make(index, size, 1, 1, 1, kept),
        }.Distinct(),
    ];

    /// <summary>Memory of the least segment of a video, whatever the pipeline.</summary>
    public static long Least(VideoIndex index) => Make(index, new FrameSize(1, 1), 1, 1, 1, 0).Bytes;

    /// <summary>
    /// Memory of one ffprobe or damage scan, which decodes with one thread, for frames with this number of pixels.
    /// </summary>
    public static long ProbeBytes(int maxFramePixels) => ProcessBytes + (PicturesOfAScan * 2L * maxFramePixels);

    /// <summary>Memory of a decoder.</summary>
    /// <param name="index">The video.</param>
    /// <param name="size">Size of the frames that it delivers.</param>
    /// <param name="threads">Its threads.</param>
    public static long OfDecoder(VideoIndex index, FrameSize size, int threads)
    {
        var pictures = References(index) + PicturesOfADecoder + (PicturesOfAThread * threads);
        var toneMapping = index.Colors is { IsHdr: true, CanToneMap: true } ? ToneMappingBytes : 0;
        return ProcessBytes + (pictures * PictureBytes(index)) + (OutputCopies * OfFrame(size))
            + (toneMapping * ((long)size.BufferWidth * size.BufferHeight));
    }

    /// <summary>Memory of a frame and its copies.</summary>
    public static long OfFrame(FrameSize size) => (long)size.BufferWidth * size.BufferHeight * Frame.BytesPerPixel;

    private static SegmentMemory Make(
        VideoIndex index, FrameSize size, int threads, int decoders, int frames, int kept)
    {
        // A damaged video is scanned while its decoder waits.
        var scan = ProcessBytes + ((References(index) + PicturesOfAScan) * PictureBytes(index));
        var decoder = OfDecoder(index, size, threads);
        return new SegmentMemory(
            threads, decoders, frames, decoder,
            (decoders * decoder) + scan + ((frames + kept) * OfFrame(size)) + TensorBytes);
    }

    private static long References(VideoIndex index) => IntraCodecs.Contains(index.Info.Codec)
        ? 1
        : Math.Clamp(ReferencePixels / ((long)index.Info.Width * index.Info.Height), MinReferences, MaxReferences);

    private static long PictureBytes(VideoIndex index) => (long)Math.Ceiling(
        (index.Info.Width + (double)EdgePixels) * (index.Info.Height + EdgePixels) * BytesPerPixel(index.PixelFormat));

    /// <summary>Bytes of a pixel in a format as FFmpeg names it; an unknown one counts as the largest.</summary>
    internal static double BytesPerPixel(string format)
    {
        var samples = format switch
        {
            _ when format.Contains("420", StringComparison.Ordinal)
                || format.StartsWith("nv12", StringComparison.Ordinal)
                || format.StartsWith("p01", StringComparison.Ordinal) => 1.5,
            _ when format.Contains("422", StringComparison.Ordinal) => 2,
            _ when format.StartsWith("gray", StringComparison.Ordinal) => 1,
            _ when format.Contains("444", StringComparison.Ordinal) || format is "rgb24" or "bgr24" or "gbrp" => 3,
            _ => 4,
        };
        var isDeep = format.EndsWith("le", StringComparison.Ordinal) || format.EndsWith("be", StringComparison.Ordinal);
        var isKnown8Bit = samples < 4 || format is "rgba" or "bgra" or "argb" or "abgr" or "rgb0" or "bgr0" or "gbrap";
        return (samples + (format.StartsWith("yuva", StringComparison.Ordinal) ? 1 : 0))
            * (isDeep || !isKnown8Bit ? 2 : 1);
    }
}

/// <summary>The memory that a segment was granted; disposing it returns what no waiting decoder keeps.</summary>
/// <param name="Memory">How the segment is read.</param>
/// <param name="Share">The granted part of the budget; null for none.</param>
internal sealed record SegmentShare(SegmentMemory Memory, MemoryShare? Share = null) : IDisposable
{
    /// <summary>
    /// Moves the memory of a decoder to the pool, where it waits for the next segment; null if it must end.
    /// </summary>
    public MemoryShare? TryKeepDecoder() => Share?.TrySplit(Memory.DecoderBytes);

    /// <inheritdoc />
    public void Dispose() => Share?.Dispose();
}
