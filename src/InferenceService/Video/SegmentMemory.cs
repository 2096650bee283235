using ForegSyte.Inference.Memory;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>How a segment is read: with more memory it is faster, its frames are the same.</summary>
/// <param name="DecoderThreads">Threads of a decoder.</param>
/// <param name="Decoders">Decoders at the same time: one, or a second that starts while the first is read.</param>
/// <param name="Frames">Frames in memory at the same time.</param>
/// <param name="DecoderBytes">Memory of one decoder.</param>
/// <param name="ScanBytes">Memory of a scan for damage.</param>
/// <param name="ScansBeside">Whether a scan runs beside the decoder; otherwise the decoder ends first.</param>
/// <param name="Bytes">Memory of the segment.</param>
internal sealed record SegmentMemory(
    int DecoderThreads, int Decoders, int Frames, long DecoderBytes, long ScanBytes, bool ScansBeside, long Bytes)
{
    /// <summary>What the decoder of a small clip takes.</summary>
    public const int ProcessBytes = 64 * Mebibyte;

    /// <summary>
    /// Tensors, response and pipe of a segment: an image of 960 pixels a side in float for each of two stages and its
    /// outputs, Grpc:MaxResponseBytes, and the batches of text lines.
    /// </summary>
    public const int TensorBytes = 64 * Mebibyte;

    /// <summary>Memory of an ffprobe that lists packets, whatever the size of the frames.</summary>
    public const int ListingBytes = 128 * Mebibyte;

    /// <summary>Memory of a hardware decoder beside its pictures: the context of CUDA. Not measured.</summary>
    public const int HardwareBytes = 384 * Mebibyte;

    private const int Mebibyte = 1024 * 1024;

    /// <summary>
    /// Reference frames of H.264 at its highest level, 6.2, have together this many pixels (H.264, Table A-1,
    /// MaxDpbMbs).
    /// </summary>
    private const long ReferencePixels = 696_320 * 256;

    /// <summary>Pixels of a frame of HEVC at its highest level, 6.2 (H.265, Table A.8, MaxLumaPs).</summary>
    private const long HevcPixels = 35_651_584;

    private const int MaxReferences = 16;

    /// <summary>References of the largest frames of H.264 (5) and HEVC (6).</summary>
    private const int MinReferences = 6;

    /// <summary>References of VP9 and AV1, and of codecs that are not known.</summary>
    private const int OtherReferences = 8;

    /// <summary>Pictures of a decoder at least: without them no try is worth it.</summary>
    private const int LeastPictures = 4;

    /// <summary>Pixels of scaled copies beside a native frame that the check of a video counts.</summary>
    private const int CopyPixels = 1024;

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
    /// The ways to read a segment within the budget, the fastest first: with fewer frames ahead, then without a second
    /// decoder, then with one thread, then frame by frame, then with a decoder that ends before a scan. If the budget
    /// is less than all of them, the segment may run alone with the whole budget; empty if that cannot work.
    /// </summary>
    /// <param name="index">The video.</param>
    /// <param name="size">Size of the frames.</param>
    /// <param name="threads">Threads of a decoder at most.</param>
    /// <param name="frames">Frames in memory at most.</param>
    /// <param name="kept">Further copies of frames that the pipeline keeps.</param>
    /// <param name="hasParts">Whether a second decoder can start ahead.</param>
    /// <param name="room">The memory that there is.</param>
    public static IReadOnlyList<SegmentMemory> Choices(
        VideoIndex index, FrameSize size, int threads, int frames, int kept, bool hasParts, MemoryRoom room)
    {
        SegmentMemory[] choices =
        [
            .. new[]
            {
                Make(index, size, threads, hasParts ? 2 : 1, frames, kept, room),
                Make(index, size, threads, hasParts ? 2 : 1, Math.Min(frames, 3), kept, room),
                Make(index, size, threads, 1, Math.Min(frames, 3), kept, room),
                Make(index, size, 1, 1, Math.Min(frames, 2), kept, room),
                Make(index, size, 1, 1, 1, kept, room),
                Make(index, size, 1, 1, 1, kept, room, scansBeside: false),
            }.Distinct().Where(choice => choice.Bytes <= room.Bytes),
        ];
        return choices.Length > 0 ? choices : [.. Alone(index, size, kept, room)];
    }

    /// <summary>
    /// The least memory that frames of this size take by the estimate, and a decoder that ends for a scan.
    /// </summary>
    public static long Least(VideoIndex index, FrameSize size, int kept, MemoryRoom room) =>
        Make(index, size, 1, 1, 1, kept, room, scansBeside: false).Bytes;

    /// <summary>
    /// The frames for which a video is checked before its pipeline is known: native ones with two scaled copies.
    /// </summary>
    public static FrameSize Checked(VideoIndex index) => new(
        index.Info.Width, index.Info.Height, new ScaledCopies([(CopyPixels, CopyPixels), (CopyPixels, CopyPixels)]));

    /// <summary>Memory of one ffprobe that decodes with one thread, for frames with this number of pixels.</summary>
    public static long ProbeBytes(int maxFramePixels) => ProcessBytes + (PicturesOfAScan * 2L * maxFramePixels);

    /// <summary>Memory of a decoder.</summary>
    /// <param name="index">The video.</param>
    /// <param name="size">Size of the frames that it delivers.</param>
    /// <param name="threads">Its threads.</param>
    public static long OfDecoder(VideoIndex index, FrameSize size, int threads)
    {
        var pictures = References(index) + PicturesOfADecoder + (PicturesOfAThread * threads);
        return OfDecoder(size, pictures * PictureBytes(index), index);
    }

    private static long OfDecoder(FrameSize size, long pictureBytes, VideoIndex index)
    {
        var toneMapping = index.Colors is { IsHdr: true, CanToneMap: true } ? ToneMappingBytes : 0;
        return ProcessBytes + pictureBytes + (OutputCopies * OfFrame(size))
            + (toneMapping * ((long)size.BufferWidth * size.BufferHeight));
    }

    /// <summary>Memory of a frame and its copies.</summary>
    public static long OfFrame(FrameSize size) => (long)size.BufferWidth * size.BufferHeight * Frame.BytesPerPixel;

    private static SegmentMemory Make(
        VideoIndex index, FrameSize size, int threads, int decoders, int frames, int kept, MemoryRoom room,
        bool scansBeside = true)
    {
        var scan = ProcessBytes + ((References(index) + PicturesOfAScan) * PictureBytes(index));
        var decoder = OfDecoder(index, size, threads) + room.HardwareBytes;
        return new SegmentMemory(
            threads, decoders, frames, decoder, scan, scansBeside,
            (decoders * decoder) + (scansBeside ? scan : 0) + ((frames + kept) * OfFrame(size)) + TensorBytes);
    }

    /// <summary>
    /// The whole budget: many videos keep fewer pictures than their codec allows. The address space of the decoder
    /// limits the try.
    /// </summary>
    private static IEnumerable<SegmentMemory> Alone(VideoIndex index, FrameSize size, int kept, MemoryRoom room)
    {
        var decoder = room.Bytes - TensorBytes - ((1 + kept) * OfFrame(size));
        var least = OfDecoder(size, LeastPictures * PictureBytes(index), index) + room.HardwareBytes;
        if (decoder >= least && OfDecoder(index, size, 1) <= room.ProcessBytes)
        {
            yield return new SegmentMemory(1, 1, 1, decoder, decoder, ScansBeside: false, room.Bytes);
        }
    }

    private static long References(VideoIndex index)
    {
        var pixels = (long)index.Info.Width * index.Info.Height;
        return index.Info.Codec switch
        {
            "h264" => Math.Clamp(ReferencePixels / pixels, MinReferences, MaxReferences),

            // H.265, A.4.2: MaxDpbSize.
            "hevc" when pixels <= HevcPixels / 4 => MaxReferences,
            "hevc" when pixels <= HevcPixels / 2 => 2 * MinReferences,
            "hevc" when pixels <= HevcPixels / 4 * 3 => MinReferences * 4 / 3,
            "hevc" => MinReferences,
            var codec => IntraCodecs.Contains(codec) ? 1 : OtherReferences,
        };
    }

    private static long PictureBytes(VideoIndex index) => (long)Math.Ceiling(
        (index.Info.Width + (double)EdgePixels) * (index.Info.Height + EdgePixels) * BytesPerPixel(index.PixelFormat));

    /// <summary>
    /// Bytes of a pixel in a format as FFmpeg names it. None means that FFmpeg did not find it out: most are 8-bit
    /// 4:2:0. A name that is not known counts as the largest.
    /// </summary>
    internal static double BytesPerPixel(string format)
    {
        var samples = format switch
        {
            "" => 1.5,
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

/// <summary>The memory that there is for a segment.</summary>
/// <param name="Bytes">The budget.</param>
/// <param name="ProcessBytes">Address space of one decoder at most.</param>
/// <param name="HardwareBytes">What a hardware decoder takes beside its pictures; 0 without one.</param>
internal readonly record struct MemoryRoom(long Bytes, long ProcessBytes = long.MaxValue, long HardwareBytes = 0);

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
