using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Media.Tests.Clips;
using ForegSyte.Media.Tests.Mp4Editor;
using ForegSyte.V1;

namespace ForegSyte.Media.Tests.Matrix;

/// <summary>What is broken in the file.</summary>
internal static class DamageClips
{
    private const string Axis = "damage";
    private const int Seed = 5;

    public static IEnumerable<MediaClip> All =>
    [
        .. Files, .. Packets,
    ];

    private static IEnumerable<MediaClip> Files =>
    [
        Cut("cut in its frames, index first", ["-movflags", "+faststart"], 0.7),
        Cut("cut in its frames, index last", [], 0.7),
        Cut("cut in its index", [], 0.99),
        Cut("cut in a fragment", ["-movflags", "+frag_keyframe+empty_moov"], 0.7),
        new(Axis, "without its index")
        {
            Encode = Encoders.H264,
            Damage = path => Edit(path, tree => tree.Boxes.RemoveAll(box => box.Type == "moov")),
            Refused = ErrorReason.TruncatedMp4,
        },
        Trailing("trailing line end", "\r\n"u8.ToArray()) with { IsQuick = true },
        Trailing("trailing zeros", new byte[1000]),
        Trailing("trailing text", "<html><body>504 Gateway Time-out</body></html>"u8.ToArray()),
        Trailing("trailing noise", Noise(4096)),
        Trailing("one trailing byte", [0]),
        Trailing("trailing line end behind fragments", "\r\n"u8.ToArray()) with
        {
            Encode = [.. Encoders.H264, "-movflags", "+frag_keyframe+empty_moov"],
        },
        Trailing("tag of a music player behind", [.. "TAG"u8, .. new byte[125]]),
        new(Axis, "data up to the end of the file")
        {
            Encode = [.. Encoders.H264, "-movflags", "+faststart"],
            Edit = path =>
            {
                var bytes = File.ReadAllBytes(path);
                bytes.AsSpan(bytes.AsSpan().IndexOf("mdat"u8) - 4, 4).Clear();
                File.WriteAllBytes(path, bytes);
            },
        },
        new(Axis, "offsets of 64 bits")
        {
            Encode = [.. Encoders.H264],
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().WidenOffsets()),
        },
        new(Axis, "first fragment missing, at a key frame")
        {
            Encode = [.. Encoders.H264InOrder, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
            Edit = path => Mp4Tree.RemoveFragment(path, 0),
            Numbers = [.. Enumerable.Range(12, 28)],
        },
        new(Axis, "first fragment missing, between key frames")
        {
            Encode =
            [
                .. Encoders.H264InOrder, "-movflags", "+empty_moov+default_base_moof", "-frag_duration", "320000",
            ],
            Edit = path => Mp4Tree.RemoveFragment(path, 0),
            Numbers = [.. Enumerable.Range(8, 32)],
            IsBornDamaged = true,
        },
        new(Axis, "frames of a fragment zeroed")
        {
            Encode = [.. Encoders.H264, "-movflags", "+frag_keyframe+empty_moov"],
            Damage = path => ChangeAsync(path, packet => packet is 15 or 16, Zero),
        },
    ];

    private static IEnumerable<MediaClip> Packets =>
    [
        Damaged("one frame zeroed", packet => packet == 17, Zero) with { IsQuick = true },
        Damaged("ten frames zeroed", packet => packet is >= 15 and < 25, Zero),
        Damaged("first key frame zeroed", packet => packet == 0, Zero),
        Damaged("second key frame zeroed", packet => packet == 12, Zero),
        Damaged("last frames zeroed", packet => packet >= 36, Zero),
        Damaged("ends of frames zeroed", packet => packet is 20 or 27, ZeroTheEnd) with { IsQuick = true },
        Damaged("bytes of frames flipped", packet => packet is 14 or 20 or 28, Flip) with { IsQuick = true },
        Damaged("bytes of frames flipped, in decode order", packet => packet is 14 or 20 or 28, Flip) with
        {
            Encode = Encoders.H264InOrder,
        },
        Damaged("bytes of a key frame flipped", packet => packet == 12, Flip),
        Damaged("noise in a third of the frames", packet => packet % 3 == 2, Flip),
        Damaged("all frames but the first zeroed", packet => packet > 0, Zero),
        Damaged("frames lost in the middle, one key frame", packet => packet is 10 or 11, Zero) with
        {
            Encode = [.. Encoders.H264InOrder, "-g", "1000"],
        },
        Damaged("frames lost in the middle, intra refresh", packet => packet is 30 or 31, Zero) with
        {
            Encode = Encoders.X264("intra-refresh=1:bframes=0:keyint=20"), Pictures = new() { Count = 90 },

            // Until the refresh has passed the whole picture.
            FalseAlarms = 40,
        },
        new(Axis, "open groups of HEVC cut at their start")
        {
            Make = (workshop, clip, path) => CutAsync(
                workshop, clip, path, Encoders.X265("open-gop=1:keyint=10:min-keyint=10:bframes=3"), "0.4"),
            Numbers = [.. Enumerable.Range(9, 31)],
            IsBornDamaged = true,
        },
        new(Axis, "intra refresh cut in the middle")
        {
            Make = (workshop, clip, path) => CutAsync(
                workshop, clip, path, Encoders.X264("intra-refresh=1:bframes=0:keyint=30"), "1.2"),
            Pictures = new() { Count = 90 },
            Numbers = [.. Enumerable.Range(30, 60)],
            IsBornDamaged = true,
        },
        Emptied("one sample empty", 17) with { IsQuick = true },
        Emptied("first sample empty", 0),
        Emptied("second key frame empty", 12),
        Emptied("last samples empty", 38, 39),
        Emptied("samples empty, HEVC", 14, 20) with { Encode = Encoders.Hevc },
        Emptied("samples empty, MPEG-4", 14, 20) with { Encode = Encoders.Mpeg4 },
        Emptied("samples empty, VP9", 14, 20) with { Encode = Encoders.Vp9 },
        Emptied("samples empty, AV1", 14, 20) with
        {
            Encode = Encoders.Av1,

            // No frame refers to the lost ones, but only the data could tell.
            FalseAlarms = 8,
        },
        Emptied("samples empty, Motion JPEG", 14, 20) with { Encode = Encoders.MotionJpeg },
        Damaged("HEVC frames flipped", packet => packet is 14 or 20, Flip) with { Encode = Encoders.Hevc },
        Damaged("HEVC frames with hashes flipped", packet => packet is 14 or 20, Flip) with
        {
            Encode = Encoders.X265("hash=1"), IsQuick = true,
        },
        Damaged("HEVC frame zeroed", packet => packet == 14, Zero) with { Encode = Encoders.Hevc },
        Damaged("AV1 frames flipped", packet => packet is 14 or 20, Flip) with { Encode = Encoders.Av1 },
        Damaged("VP9 frame zeroed", packet => packet == 14, Zero) with { Encode = Encoders.Vp9 },
        Damaged("MPEG-4 frames flipped", packet => packet is 14 or 20, Flip) with { Encode = Encoders.Mpeg4 },
        Damaged("MPEG-2 frames flipped", packet => packet is 14 or 20, Flip) with { Encode = Encoders.Mpeg2 },
        Damaged("Motion JPEG frames flipped", packet => packet is 14 or 20, Flip) with
        {
            Encode = Encoders.MotionJpeg,
        },
        Damaged("Motion JPEG frame zeroed", packet => packet == 14, Zero) with { Encode = Encoders.MotionJpeg },
    ];

    private static MediaClip Damaged(
        string name, Func<int, bool> packets, Action<Memory<byte>> change) => new(Axis, name)
        {
            Encode = Encoders.H264,
            Damage = path => ChangeAsync(path, packets, change),
        };

    private static MediaClip Emptied(string name, params int[] samples) => new(Axis, name)
    {
        Encode = Encoders.H264,
        Damage = path => Edit(path, tree => tree.Track().EmptySamples(samples)),
    };

    private static MediaClip Cut(string name, string[] muxer, double share) => new(Axis, name)
    {
        Encode = [.. Encoders.H264, .. muxer],
        Damage = path => Change(path, bytes => bytes[..(int)(bytes.Length * share)]),
        Refused = ErrorReason.TruncatedMp4,
    };

    private static MediaClip Trailing(string name, byte[] bytes) => new(Axis, name)
    {
        Encode = Encoders.H264,
        Edit = path => File.AppendAllBytes(path, bytes),
        TrailingBytes = bytes.Length,
    };

    /// <summary>The packets from a time on, without the edit list that would hide some of them.</summary>
    private static async Task CutAsync(
        ClipWorkshop workshop, MediaClip clip, string path, string[] encode, string seconds)
    {
        var whole = workshop.NewPath("mp4");
        await ClipWorkshop.FfmpegAsync([.. workshop.Input(clip.Pictures), .. encode, whole]);
        await ClipWorkshop.FfmpegAsync("-ss", seconds, "-i", whole, "-c", "copy", "-use_editlist", "0", path);
    }

    private static Task Edit(string path, Action<Mp4Tree> edit)
    {
        Mp4Tree.Edit(path, edit);
        return Task.CompletedTask;
    }

    private static Task Change(string path, Func<byte[], byte[]> change) =>
        File.WriteAllBytesAsync(path, change(File.ReadAllBytes(path)));

    /// <summary>Changes packets, counted from 0 in decode order.</summary>
    private static async Task ChangeAsync(string path, Func<int, bool> packets, Action<Memory<byte>> change)
    {
        var listing = await Cli.Wrap("ffprobe")
            .WithArguments([
                "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pos,size", "-of", "csv=p=0", path])
            .ExecuteBufferedAsync();
        var bytes = await File.ReadAllBytesAsync(path);
        var lines = listing.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var (packet, line) in lines.Index())
        {
            // ffprobe prints the size before the position.
            var fields = line.Split(',').Take(2)
                .Select(field => int.Parse(field, CultureInfo.InvariantCulture)).ToArray();
            if (packets(packet))
            {
                change(bytes.AsMemory(fields[1], fields[0]));
            }
        }

        await File.WriteAllBytesAsync(path, bytes);
    }

    private static void Zero(Memory<byte> packet) => packet.Span.Clear();

    private static void ZeroTheEnd(Memory<byte> packet) => packet.Span[(packet.Length / 2)..].Clear();

    /// <summary>Changes bytes in the last two thirds, behind the headers, always the same ones.</summary>
    private static void Flip(Memory<byte> packet)
    {
        var random = new Random(Seed);
        for (var at = packet.Length / 3; at < packet.Length; at += 1 + random.Next(9))
        {
            packet.Span[at] ^= (byte)random.Next(1, 256);
        }
    }

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(Seed).NextBytes(bytes);
        return bytes;
    }
}
