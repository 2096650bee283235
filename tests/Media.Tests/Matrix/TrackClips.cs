using ForegSyte.Media.Tests.Clips;
using ForegSyte.Media.Tests.Mp4Editor;
using ForegSyte.V1;

namespace ForegSyte.Media.Tests.Matrix;

/// <summary>Which tracks the file has, and in which order.</summary>
internal static class TrackClips
{
    private const string Axis = "tracks";

    private static readonly string[] Sound = ["-f", "lavfi", "-i", "sine=duration=1.6"];
    private static readonly string[] Other = ["-f", "lavfi", "-i", "testsrc2=size=160x96:rate=10:duration=1.6"];
    private static readonly string[] Cover = ["-f", "lavfi", "-i", "color=red:size=200x200:rate=1:duration=1"];

    public static IEnumerable<MediaClip> All =>
    [
        new(Axis, "sound first")
        {
            Before = Sound, Encode = ["-map", "0:a", "-map", "1:v", "-c:a", "aac", .. Encoders.H264], Stream = 1,
            StartMs = 0, IsQuick = true,
        },
        new(Axis, "sound only")
        {
            Encode = [.. Sound, "-map", "1:a", "-c:a", "aac"], Refused = ErrorReason.NoVideoTrack,
        },
        new(Axis, "cover behind the video") { Encode = WithCover("mjpeg"), Stream = 0 },
        new(Axis, "cover before the video")
        {
            Encode = WithCover("mjpeg"), Edit = path => Mp4Tree.Edit(path, MetadataFirst), Stream = 1, IsQuick = true,
        },
        new(Axis, "PNG cover before the video")
        {
            Encode = WithCover("png"), Edit = path => Mp4Tree.Edit(path, MetadataFirst), Stream = 1,
        },
        TwoVideos("two video tracks, both enabled", (true, true), 0),
        TwoVideos("two video tracks, the second enabled", (false, true), 1) with { IsQuick = true },
        TwoVideos("two video tracks, the first enabled", (true, false), 0),
        TwoVideos("two video tracks, none enabled", (false, false), 0),
        TwoVideos("two video tracks in fragments, the second enabled", (false, true), 1) with
        {
            Encode = [.. VideosOf(1), "-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
        },
        new(Axis, "disabled track alone")
        {
            Encode = Encoders.H264, Edit = path => Mp4Tree.Edit(path, tree => tree.Track().Enable(false)),
        },
        new(Axis, "empty track first")
        {
            Encode = Encoders.H264, Edit = path => Mp4Tree.Edit(path, EmptyFirst), Stream = 1, IsQuick = true,
        },
        new(Axis, "empty track behind")
        {
            Encode = Encoders.H264,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Movie.Children!.Add(tree.Track().WithoutSamples(9))),
        },
        new(Axis, "empty tracks only")
        {
            Encode = Encoders.H264,
            Edit = path => Mp4Tree.Edit(path, tree =>
            {
                var empty = tree.Track().WithoutSamples(1);
                tree.Movie.Children![tree.Movie.Children.IndexOf(tree.Track())] = empty;
            }),
            Refused = ErrorReason.NoFrames,
        },
        new(Axis, "chapter pictures first")
        {
            Encode = ChapterPictures(first: true), Stream = 1,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track(1).Refer("chap", tree.Track(0).Id())),
        },
        new(Axis, "chapter pictures behind")
        {
            Encode = ChapterPictures(first: false),
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track(0).Refer("chap", tree.Track(1).Id())),
        },
        OtherHandler("depth track first", "auxv") with { IsQuick = true },
        OtherHandler("track of still pictures first", "pict"),
        OtherHandler("metadata track with pictures first", "meta"),
        OtherHandler("text track with pictures first", "text"),
        OtherHandler("depth track first, the video not enabled", "auxv") with
        {
            Edit = path => Mp4Tree.Edit(path, tree =>
            {
                tree.Track(0).SetHandler("auxv");
                tree.Track(1).Enable(false);
            }),
        },
        OtherHandler("depth track first, in fragments", "auxv") with
        {
            Encode = [.. VideosOf(1), "-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
        },
        new(Axis, "depth track behind")
        {
            Encode = VideosOf(0), Edit = path => Mp4Tree.Edit(path, tree => tree.Track(1).SetHandler("auxv")),
        },
        new(Axis, "depth track alone")
        {
            Encode = Encoders.H264,
            Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetHandler("auxv")),
            Refused = ErrorReason.NoVideoTrack,
        },
        new(Axis, "depth track beside an empty video")
        {
            Encode = Encoders.H264,
            Edit = path => Mp4Tree.Edit(path, tree =>
            {
                EmptyFirst(tree);
                tree.Track(1).SetHandler("auxv");
            }),
            Refused = ErrorReason.NoFrames,
        },
        new(Axis, "subtitles first")
        {
            Make = async (workshop, clip, path) =>
            {
                var subtitles = workshop.NewPath("srt");
                await File.WriteAllTextAsync(subtitles, "1\n00:00:00,000 --> 00:00:01,000\nhello\n");
                await ClipWorkshop.FfmpegAsync([
                    "-i", subtitles, .. workshop.Input(clip.Pictures), "-map", "0:s", "-map", "1:v", "-c:s", "mov_text",
                    .. Encoders.H264, path]);
            },
            Stream = 1,
        },
        new(Axis, "time code")
        {
            Encode = [.. Encoders.H264, "-timecode", "10:00:00:00"], Container = "mov",
        },
        new(Axis, "track id of a million")
        {
            Encode = Encoders.H264, Edit = path => Mp4Tree.Edit(path, tree => tree.Track().SetId(1_000_000)),
        },
        new(Axis, "encrypted")
        {
            Encode =
            [
                .. Encoders.H264, "-encryption_scheme", "cenc-aes-ctr", "-encryption_key",
                "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8",
            ],
            Refused = ErrorReason.EncryptedVideo, IsQuick = true,
        },
    ];

    private static string[] WithCover(string codec) =>
    [
        .. Cover, "-map", "0:v", "-map", "1:v", .. Encoders.H264, "-c:v:1", codec, "-threads:v:1", "1", "-bf:v:1", "0",
        "-frames:v:1", "1",
        "-pix_fmt:v:1", codec == "png" ? "rgb24" : "yuvj420p", "-disposition:v:1", "attached_pic",
    ];

    private static void MetadataFirst(Mp4Tree tree)
    {
        var metadata = tree.Movie.All("udta").Single();
        tree.Movie.Children!.Remove(metadata);
        tree.Movie.Children.Insert(1, metadata);
    }

    private static void EmptyFirst(Mp4Tree tree)
    {
        var boxes = tree.Movie.Children!;
        boxes.Insert(boxes.IndexOf(tree.Track()), tree.Track().WithoutSamples(9));
    }

    private static MediaClip TwoVideos(string name, (bool First, bool Second) enabled, int right) => new(Axis, name)
    {
        Encode = VideosOf(right),
        Edit = path => Mp4Tree.Edit(path, tree =>
        {
            tree.Track(0).Enable(enabled.First);
            tree.Track(1).Enable(enabled.Second);
        }),
        Stream = right,
    };

    /// <summary>Other pictures, of another kind than a video, in front of the video.</summary>
    private static MediaClip OtherHandler(string name, string handler) => new(Axis, name)
    {
        Encode = VideosOf(1),
        Edit = path => Mp4Tree.Edit(path, tree => tree.Track(0).SetHandler(handler)),
        Stream = 1,
    };

    /// <summary>Two video tracks, of which one has the numbered pictures.</summary>
    private static string[] VideosOf(int numbered) => numbered == 0
        ? [.. Other, "-map", "0:v", "-map", "1:v", .. Encoders.H264]
        : [.. Other, "-map", "1:v", "-map", "0:v", .. Encoders.H264];

    private static string[] ChapterPictures(bool first)
    {
        var (video, pictures) = first ? (1, 0) : (0, 1);
        return
        [
            "-f", "lavfi", "-i", "color=red:size=200x200:rate=2:duration=1.6",
            "-map", first ? "1:v" : "0:v", "-map", first ? "0:v" : "1:v", .. Encoders.H264,
            $"-c:v:{video}", "libx264", $"-c:v:{pictures}", "mjpeg", $"-threads:v:{pictures}", "1",
            $"-bf:v:{pictures}", "0",
            $"-pix_fmt:v:{pictures}", "yuvj420p",
        ];
    }
}
