using ForegSyte.Media.Tests.Pictures;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Media.Tests.Clips;

/// <summary>The committed files of cases/ as clips, with what is right for each.</summary>
internal static class CaseClips
{
    private const string Axis = "case";

    public static IEnumerable<MediaClip> All =>
    [
        Case("c06_video_starts_late", 60) with { StartMs = 500 },
        Case("c08_duplicate_timestamps", 60) with { LostTimestamps = 11 },
        Case("c09c_hdr_pq_white203", 6) with
        {
            HasNumbers = false, LeastWhite = 235, Transfer = "smpte2084",
            IsToneMapped = true,
        },
        Case("c13_sar43", 12) with { PixelAspect = (4, 3) },
        Case("c15_resolution_change", 48),
        Case("c16_two_video_tracks", 60) with { Stream = 1 },
        Case("c17_cover_first", 60) with { Stream = 1 },
        Case("c21_zero_duration", 1) with { HasNumbers = false },
        Case("c27_4000x32", 4) with { HasNumbers = false, Pictures = new() { Width = 4000, Height = 32, Count = 4 } },
        Case("c30_corrupt_packets", 60) with { IsBornDamaged = true },
        Case("c31c_trailing_crlf", 60) with { TrailingBytes = 2 },
        Case("c43_intra_refresh", 90),
        Case("c45_sei_rotate90", 12) with
        {
            // The message asks for 90 degrees counter-clockwise.
            Pictures = new() { Width = 176, Height = 320, Count = 12, Coded = new Orientation(270) },
            Reader = CasePicture.Reader(new Orientation(270)),
            BoxesHideNumbers = true,
        },
        Case("c46_cenc", 60) with { Refused = ErrorReason.EncryptedVideo },
        Case("c47_mirrored", 60) with
        {
            Pictures = new() { Count = 60, Coded = new Orientation(0, true) },
            Reader = CasePicture.Reader(new Orientation(0, true)),
        },
        Case("c49_first_track_empty", 60) with { Stream = 1 },
        Case("c50b_2x2_10000", 10_000) with
        {
            HasNumbers = false, Pictures = new() { Width = 2, Height = 2, Count = 10_000 },
        },
        Case("c53_gap_2h", 6) with { HasNumbers = false },
        Case("t_cyr", 2) with { HasNumbers = false, Pictures = new() { Width = 640, Height = 200, Count = 2 } },
        Case("t_rot180", 2) with { HasNumbers = false, Pictures = new() { Width = 640, Height = 200, Count = 2 } },
    ];

    /// <summary>Path of a committed file.</summary>
    public static string PathOf(string name) =>
        Path.Combine(RepositoryFiles.Root, "tests", "Media.Tests", "cases", name + ".mp4");

    private static MediaClip Case(string name, int frames) => new(Axis, name)
    {
        Pictures = new() { Count = frames },
        Make = (_, _, path) =>
        {
            File.Copy(PathOf(name), path);
            return Task.CompletedTask;
        },
        Reader = CasePicture.Reader(default),
        HasColours = false,

        // CaseJobTests are quick.
        IsQuick = name is "c08_duplicate_timestamps" or "c30_corrupt_packets" or "c43_intra_refresh",
    };
}
