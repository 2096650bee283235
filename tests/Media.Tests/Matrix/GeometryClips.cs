using ForegSyte.Media.Tests.Clips;
using ForegSyte.Media.Tests.Mp4Editor;
using ForegSyte.Media.Tests.Pictures;

namespace ForegSyte.Media.Tests.Matrix;

/// <summary>How the frames are turned, stretched and sized.</summary>
internal static class GeometryClips
{
    private const string Axis = "geometry";

    public static IEnumerable<MediaClip> All =>
    [
        .. Turns, .. Aspects, .. Sizes,
    ];

    private static IEnumerable<MediaClip> Turns =>
    [
        Matrix("matrix of 90", new Orientation(90)) with { IsQuick = true },
        Matrix("matrix of 180", new Orientation(180)),
        Matrix("matrix of 270", new Orientation(270)),
        Matrix("matrix that mirrors", new Orientation(0, true)) with { IsQuick = true },
        Matrix("matrix that mirrors and turns by 90", new Orientation(90, true)),
        Matrix("matrix that mirrors and turns by 180", new Orientation(180, true)),
        Matrix("matrix that mirrors and turns by 270", new Orientation(270, true)),
        Matrix("matrix of 90, HEVC", new Orientation(90)) with { Encode = Encoders.Hevc },
        Matrix("matrix of 90, fragmented", new Orientation(90)) with
        {
            Encode = [.. Encoders.H264, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
        },
        Matrix("matrix without translation", new Orientation(90)) with
        {
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetMatrix(
                [0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30])),
        },
        Matrix("matrix of the movie and of the track", new Orientation(180)) with
        {
            Edit = path => Mp4Tree.Edit(path, tree =>
            {
                // Two quarters make a half.
                tree.Track().SetMatrix([0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30]);
                foreach (var (cell, value) in ((int[])[0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30]).Index())
                {
                    tree.Movie["mvhd"].Set(36 + (cell * 4), (uint)value);
                }
            }),
        },
        new(Axis, "matrix of 3 degrees")
        {
            // FFmpeg turns by 3 degrees; we by quarters only.
            TurnsByHand = true,
            Encode = Encoders.H264,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetMatrix(
                [65446, 3430, 0, -3430, 65446, 0, 0, 0, 1 << 30])),
        },
        new(Axis, "matrix that stretches")
        {
            Encode = Encoders.H264, PixelAspect = (2, 1),
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetMatrix(
                [2 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30])),
        },
        Message("message of 90, and messages in the wrong place", new Orientation(90), "rotate=270", "-g", "1"),
        new(Axis, "message of 90, HEVC")
        {
            TurnsByHand = true,
            Pictures = Turned(new Orientation(90)),
            Make = async (workshop, clip, path) =>
            {
                var stream = workshop.NewPath("hevc");
                await ClipWorkshop.FfmpegAsync([
                    .. workshop.Input(clip.Pictures), .. Encoders.X265("bframes=0"), "-f", "hevc", stream]);
                await File.WriteAllBytesAsync(stream, HevcMessages.Turned(await File.ReadAllBytesAsync(stream), 270));
                await ClipWorkshop.FfmpegAsync("-framerate", "25", "-i", stream, "-c", "copy", path);
            },
        },
        new(Axis, "message of 90 in the configuration of HEVC")
        {
            Pictures = Turned(new Orientation(90)),
            Encode = Encoders.Hevc,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().TurnConfiguration(270)),
            IsQuick = true,
        },
        new(Axis, "message of 180 in the configuration of HEVC, in fragments")
        {
            Pictures = Turned(new Orientation(180)),
            Encode = [.. Encoders.Hevc, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().TurnConfiguration(180)),
        },
        new(Axis, "message of 90 in the configuration of H.264, which players ignore")
        {
            Encode = Encoders.H264,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().TurnConfiguration(270)),
        },
        new(Axis, "matrix of zeros")
        {
            Encode = Encoders.H264, Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetMatrix(new int[9])),
        },
        Message("message of 90", new Orientation(90), "rotate=270") with { IsQuick = true },
        Message("message of 180", new Orientation(180), "rotate=180"),
        Message("message of 270", new Orientation(270), "rotate=90"),
        Message("message that mirrors", new Orientation(0, true), "rotate=0:flip=horizontal"),
        Message("message that mirrors upside down", new Orientation(180, true), "rotate=0:flip=vertical"),
        Message("message that mirrors and turns by 270", new Orientation(270, true), "rotate=90:flip=horizontal"),
        Message(
            "message of 90, fragmented", new Orientation(90), "rotate=270", "-movflags", "+frag_keyframe+empty_moov"),
        Message("message of 90, and pixels of 4:3", new Orientation(90), "rotate=270", "-aspect", "240:99") with
        {
            PixelAspect = (3, 4),
        },
    ];

    private static IEnumerable<MediaClip> Aspects =>
    [
        Aspect("pixels of 4:3", "setsar=4/3", (4, 3)) with { IsQuick = true },
        Aspect("pixels of 1:2", "setsar=1/2", (1, 2)),
        Aspect("pixels of 64:45", "setsar=64/45", (64, 45)),
        Aspect("pixels of 853:720", "setsar=853/720:max=1000", (853, 720)),
        Aspect("pixels of 4:3 in fragments", "setsar=4/3", (4, 3)) with
        {
            Encode = [.. Encoders.H264, "-vf", "setsar=4/3", "-movflags", "+frag_keyframe+empty_moov"],
        },
        Aspect("pixels of 4:3 only in the stream", "setsar=4/3", (4, 3)) with
        {
            Edit = path => Mp4Tree.Edit(path, tree =>
            {
                tree.Track().SetPixelAspect(0, 0);
                tree.Track().SetShownSize(320, 176);
            }),
        },
        Aspect("pixels of 2:1 only in the container", "setsar=1", (2, 1)) with
        {
            Encode = Encoders.Mpeg4,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetPixelAspect(2, 1)),
        },
        new(Axis, "pixels of 4:3, turned by 90")
        {
            Pictures = new() { Width = 176, Height = 320, Coded = new Orientation(90) },
            Encode = [.. Encoders.H264, "-vf", "setsar=4/3"],
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().Turn(new Orientation(90), 320, 176)),
            PixelAspect = (3, 4),
        },
    ];

    private static IEnumerable<MediaClip> Sizes =>
    [
        Size("odd in 4:4:4", 321, 241) with { Encode = [.. Encoders.H264, "-pix_fmt", "yuv444p"], IsQuick = true },
        Size("odd in 4:2:0", 319, 175) with { Encode = Encoders.Vp9 },
        Size("cropped to an odd size", 318, 174) with
        {
            Encode = [.. Encoders.H264, "-vf", "pad=320:176", "-bsf:v", "h264_metadata=crop_right=2:crop_bottom=2"],
        },
        Size("160 x 90, odd after the turn", 90, 160) with
        {
            Pictures = new() { Width = 175, Height = 321, Coded = new Orientation(90) },
            Encode = [.. Encoders.H264, "-pix_fmt", "yuv444p"],
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().Turn(new Orientation(90), 321, 175)),
        },
        Size("2 x 2", 2, 2) with { Pictures = new() { Width = 2, Height = 2, Count = 500 }, IsQuick = true },
        Size("2 x 2, Motion JPEG", 2, 2) with { Encode = Encoders.MotionJpeg },
        Size("16 x 16, HEVC", 16, 16) with { Encode = Encoders.Hevc },
        Size("18 x 10", 18, 10),
        Size("1 x 1, PNG", 1, 1) with { Encode = ["-c:v", "png", "-pix_fmt", "rgb24"], Container = "mov" },
        Size("4000 x 32", 4000, 32) with { Pictures = new() { Width = 4000, Height = 32, Count = 10 } },
        Size("32 x 4000", 32, 4000) with { Pictures = new() { Width = 32, Height = 4000, Count = 10 } },
        Size("1920 x 1080", 1920, 1080) with { Pictures = new() { Width = 1920, Height = 1080, Count = 12 } },
        Size("176 x 320, as it is coded", 176, 320),
        Change("grows in the middle", 640, 352) with { IsQuick = true },
        Change("shrinks in the middle", 160, 88),
        Change("changes its shape in the middle", 240, 176),
    ];

    private static MediaClip Matrix(string name, Orientation orientation) => new(Axis, name)
    {
        Pictures = Turned(orientation),
        Encode = Encoders.H264,
        Edit = path => Mp4Tree.Edit(path, tree => tree.Track().Turn(orientation, 320, 176)),
    };

    /// <summary>
    /// The orientation is in a message (SEI) of every key frame and holds until the next; FFmpeg's angle is
    /// counter-clockwise.
    /// </summary>
    private static MediaClip Message(string name, Orientation orientation, string options, params string[] more) =>
        new(Axis, name)
        {
            Pictures = Turned(orientation),
            Encode =
                [.. Encoders.H264InOrder, "-bsf:v", $"h264_metadata=display_orientation=insert:{options}", .. more],
            TurnsByHand = true,
        };

    private static PictureSeries Turned(Orientation orientation) => orientation.IsTurned
        ? new() { Width = 176, Height = 320, Coded = orientation }
        : new() { Coded = orientation };

    private static MediaClip Aspect(string name, string filter, (int Width, int Height) ratio) =>
        new(Axis, name) { Encode = [.. Encoders.H264, "-vf", filter], PixelAspect = ratio };

    private static MediaClip Size(string name, int width, int height) => new(Axis, name)
    {
        Pictures = new() { Width = width, Height = height, Count = 30 },
        Encode = Encoders.H264,
    };

    /// <summary>Two streams of different sizes, one behind the other in one track.</summary>
    private static MediaClip Change(string name, int width, int height) => new(Axis, name)
    {
        Make = async (workshop, clip, path) =>
        {
            string[] encode = [.. Encoders.H264InOrder, "-f", "h264"];
            var (first, second, both) = (
                workshop.NewPath("h264"), workshop.NewPath("h264"), workshop.NewPath("h264"));
            await ClipWorkshop.FfmpegAsync([.. workshop.Input(clip.Pictures with { Count = 24 }), .. encode, first]);
            var other = new PictureSeries { Width = width, Height = height, First = 24, Count = 16 };
            await ClipWorkshop.FfmpegAsync([.. workshop.Input(other), .. encode, second]);
            await File.WriteAllBytesAsync(
                both, [.. await File.ReadAllBytesAsync(first), .. await File.ReadAllBytesAsync(second)]);
            await ClipWorkshop.FfmpegAsync("-framerate", "25", "-i", both, "-c", "copy", path);
        },
    };
}
