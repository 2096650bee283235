using ForegSyte.Media.Tests.Clips;
using ForegSyte.Media.Tests.Mp4Editor;

namespace ForegSyte.Media.Tests.Matrix;

/// <summary>When the frames are shown, and which of them can be decoded without others.</summary>
internal static class TimingClips
{
    private const string Axis = "timing";

    private static readonly string[] Sound = ["-f", "lavfi", "-i", "sine=duration=2"];

    public static IEnumerable<MediaClip> All =>
    [
        .. Rates, .. Durations, .. EditLists, .. Starts, .. Groups,
    ];

    private static IEnumerable<MediaClip> Rates =>
    [
        Rate("30000/1001 a second", "30000/1001"),
        Rate("24000/1001 a second", "24000/1001"),
        Rate("240 a second", "240"),
        Rate("1 in 10 seconds", "1/10"),
        new(Axis, "one frame") { Pictures = new() { Count = 1 }, Encode = Encoders.H264 },
        new(Axis, "two frames") { Pictures = new() { Count = 2 }, Encode = Encoders.H264 },
        new(Axis, "1000 frames")
        {
            Pictures = new() { Count = 1000, Width = 160, Height = 96 },
            Encode = [.. Encoders.H264, "-g", "250"],
        },
        new(Axis, "variable")
        {
            Encode = [.. Encoders.H264, "-vf", "select='not(mod(n,5))+eq(mod(n,7),1)'", "-fps_mode", "vfr"],
            Pictures = new() { Count = 120 },
            Numbers = [.. Enumerable.Range(0, 120).Where(n => n % 5 == 0 || n % 7 == 1)],
            IsQuick = true,
        },
        new(Axis, "ticks of a second / 60000000")
        {
            Encode = [.. Encoders.H264, "-video_track_timescale", "60000000"],
        },
        new(Axis, "ticks of a second")
        {
            Encode = [.. Encoders.H264InOrder, "-video_track_timescale", "1"],
            Pictures = new() { Rate = "1", Count = 20 },
        },
    ];

    private static IEnumerable<MediaClip> Durations =>
    [
        Durated("every fifth lasts 0", (_, n) => n % 5 == 4 ? 0u : 512u) with
        {
            Pictures = new() { Count = 60 }, LostTimestamps = 12 - 1, IsQuick = true,
        },
        Durated("first lasts 0", (_, n) => n == 0 ? 0u : 512u) with { LostTimestamps = 1 },
        Durated("three in a row last 0", (_, n) => n is 10 or 11 or 12 ? 0u : 512u) with { LostTimestamps = 3 },
        Durated("last lasts 0", (count, n) => n == count - 1 ? 0u : 512u),
        Durated("one frame that lasts 0", (_, _) => 0) with { Pictures = new() { Count = 1 } },
        Durated("all last 0", (_, _) => 0) with { Pictures = new() { Count = 5 }, LostTimestamps = 4 },
        Durated("last lasts an hour", (count, n) => n == count - 1 ? 12800u * 3600 : 512u),
        Durated("gap of two hours", (_, n) => n == 19 ? 12800u * 7200 : 512u) with { IsQuick = true },
        Durated("gap of two minutes after the first", (_, n) => n == 0 ? 12800u * 120 : 512u),
        Durated("every second lasts a tick", (_, n) => n % 2 == 0 ? 1u : 1023u),
        Durated("slide show of a picture in 30 seconds", (_, _) => 12800 * 30) with { Pictures = new() { Count = 8 } },
        new(Axis, "second fragment missing")
        {
            Encode = [.. Encoders.H264InOrder, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
            Edit = path => Mp4Tree.RemoveFragment(path, 1),
            Numbers = [.. Enumerable.Range(0, 12), .. Enumerable.Range(24, 16)],
        },
        new(Axis, "table of durations with too few samples")
        {
            Encode = Encoders.H264InOrder,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().ShortenDurations(30)),
        },
        new(Axis, "ticks of a millisecond, uneven")
        {
            Encode = [.. Encoders.H264, "-video_track_timescale", "1000"], Pictures = new() { Rate = "30000/1001" },
        },
        new(Axis, "duplicate timestamps with B-frames")
        {
            Encode = Encoders.H264,
            Edit = path => Mp4Tree.Edit(path, tree =>
            {
                // Frame 8 is shown when frame 7 is: both are B-frames or not, in whatever order they are coded.
                tree.Track().ShiftPresentation(12, -512);
            }),
            LostTimestamps = 1,
        },
    ];

    private static IEnumerable<MediaClip> EditLists =>
    [
        Cut("cut at a key frame", 0.48, 12),
        Cut("cut between key frames", 0.6, 15) with { IsQuick = true },
        new(Axis, "edit list that ends early")
        {
            Encode = Encoders.H264InOrder,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetEditList((800, 0))),
            Numbers = [.. Enumerable.Range(0, 20)],
        },
        new(Axis, "edit list of two parts")
        {
            Encode = Encoders.H264InOrder,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetEditList((400, 0), (400, 512 * 24))),
            Numbers = [.. Enumerable.Range(0, 10), .. Enumerable.Range(24, 10)],
        },
        new(Axis, "edit list that repeats a part")
        {
            Encode = Encoders.H264InOrder,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetEditList((480, 0), (480, 0))),
            Numbers = [.. Enumerable.Range(0, 12), .. Enumerable.Range(0, 12)],
        },
        new(Axis, "empty edit alone")
        {
            Encode = Encoders.H264InOrder,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetEditList((500, -1), (1600, 0))),
        },
        new(Axis, "B-frames without an edit list") { Encode = [.. Encoders.H264, "-use_editlist", "0"] },
        new(Axis, "negative composition offsets") { Encode = [.. Encoders.H264, "-movflags", "negative_cts_offsets"] },
        new(Axis, "B-frames in fragments without an edit list")
        {
            Encode = [.. Encoders.H264, "-use_editlist", "0", "-movflags", "+frag_keyframe+empty_moov"],
        },
    ];

    private static IEnumerable<MediaClip> Starts =>
    [
        new(Axis, "starts half a second after the sound in fragments")
        {
            Before = ["-itsoffset", "0.5"],
            Encode =
            [
                .. Sound, "-map", "0:v", "-map", "1:a", "-c:a", "aac", .. Encoders.H264,
                "-movflags", "+frag_keyframe+empty_moov+default_base_moof",
            ],
        },
        new(Axis, "starts half a second before the sound")
        {
            Encode =
            [
                "-itsoffset", "0.5", .. Sound, "-map", "0:v", "-map", "1:a", "-c:a", "aac", .. Encoders.H264,
            ],
            StartMs = 0,
        },
        new(Axis, "timestamps from 100 hours on")
        {
            Encode = [.. Encoders.H264InOrder, "-output_ts_offset", "360000", "-movflags", "+frag_keyframe+empty_moov"],
        },
    ];

    private static IEnumerable<MediaClip> Groups =>
    [
        new(Axis, "one key frame") { Encode = [.. Encoders.H264, "-g", "1000"] },
        new(Axis, "key frames only") { Encode = [.. Encoders.H264, "-g", "1", "-bf", "0"] },
        new(Axis, "16 B-frames") { Encode = [.. Encoders.X264("bframes=16:b-pyramid=normal:b-adapt=0"), "-g", "40"] },
        new(Axis, "open groups of H.264")
        {
            Encode = Encoders.X264("open-gop=1:bframes=3:keyint=10:min-keyint=10"), IsQuick = true,
        },
        new(Axis, "open groups of HEVC")
        {
            Encode = Encoders.X265("open-gop=1:keyint=10:min-keyint=10:bframes=3"),
        },
        new(Axis, "open groups of MPEG-2") { Encode = [.. Encoders.Mpeg2, "-g", "9"] },
        new(Axis, "intra refresh")
        {
            Encode = Encoders.X264("intra-refresh=1:bframes=0:keyint=30"), Pictures = new() { Count = 90 },
            IsQuick = true,
        },
        new(Axis, "intra refresh in fragments")
        {
            Encode =
                [.. Encoders.X264("intra-refresh=1:bframes=0:keyint=30"), "-movflags", "+frag_keyframe+empty_moov"],
            Pictures = new() { Count = 90 },
        },
        new(Axis, "intra refresh with B-frames")
        {
            Encode = Encoders.X264("intra-refresh=1:bframes=2:keyint=30"), Pictures = new() { Count = 90 },
        },
        new(Axis, "no sync table, one key frame")
        {
            Encode = [.. Encoders.H264InOrder, "-g", "1000"],
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetSyncSamples(null)),
            IsQuick = true,
        },
        new(Axis, "sync table with wrong frames")
        {
            Encode = [.. Encoders.H264InOrder, "-g", "1000"],
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetSyncSamples(0, 7, 21, 33)),
        },
        new(Axis, "sync table with wrong frames and B-frames")
        {
            Encode = [.. Encoders.H264, "-g", "1000"],
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetSyncSamples(0, 7, 21, 33)),
        },
        new(Axis, "empty sync table")
        {
            Encode = Encoders.H264InOrder,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetSyncSamples([])),
        },
        new(Axis, "sync table of HEVC with wrong frames")
        {
            Encode = Encoders.X265("keyint=1000:bframes=0"),
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetSyncSamples(0, 7, 21, 33)),
        },
        new(Axis, "sync table of AV1 with wrong frames")
        {
            Encode = [.. Encoders.Av1, "-g", "1000"],
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetSyncSamples(0, 7, 21, 33)),
        },
        new(Axis, "sync table of VP9 with wrong frames")
        {
            Encode = [.. Encoders.Vp9, "-g", "1000"],
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetSyncSamples(0, 7, 21, 33)),
        },
    ];

    private static MediaClip Rate(string name, string rate) =>
        new(Axis, name) { Pictures = new() { Rate = rate }, Encode = Encoders.H264 };

    private static MediaClip Durated(string name, Func<int, int, uint> duration) => new(Axis, name)
    {
        Encode = Encoders.H264InOrder,
        Edit = path => Mp4Tree.Edit(path, tree =>
        {
            var count = tree.Track().Samples();
            tree.Track().SetDurations(tree.Movie, n => duration(count, n));
        }),
    };

    private static MediaClip Cut(string name, double seconds, int first) => new(Axis, name)
    {
        Make = async (workshop, clip, path) =>
        {
            var whole = workshop.NewPath("mp4");
            await ClipWorkshop.FfmpegAsync([.. workshop.Input(clip.Pictures), .. Encoders.H264, whole]);
            await ClipWorkshop.FfmpegAsync(
                "-ss", FormattableString.Invariant($"{seconds}"), "-i", whole, "-c", "copy", path);
        },
        Numbers = [.. Enumerable.Range(first, 40 - first)],
    };
}
