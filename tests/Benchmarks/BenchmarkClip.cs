using ForegSyte.Measuring;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks;

/// <summary>A video that is measured with.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="Path">Absolute path.</param>
/// <param name="Frames">Its frames.</param>
/// <param name="Size">Width and height, for people.</param>
/// <param name="TextStride">frame_stride of the jobs that read text, so that the run stays bounded.</param>
/// <param name="PeerStride">frame_stride of what is compared with peers.</param>
/// <param name="MemoryStride">frame_stride of the jobs over the clip and over ten times its length.</param>
internal sealed record BenchmarkClip(
    string Name, string Path, int Frames, string Size, int TextStride, int PeerStride, int MemoryStride)
{
    private const string Sample = "pedestrians";
    private const string Generated = "generated";

    /// <summary>The names of all clips.</summary>
    public static IReadOnlyList<string> Names { get; } = [Sample, Generated];

    /// <summary>Makes or finds the clips.</summary>
    /// <param name="names">Names out of <see cref="Names"/>.</param>
    /// <param name="folder">Where clips are made.</param>
    public static async Task<IReadOnlyList<BenchmarkClip>> PrepareAsync(IEnumerable<string> names, WorkFolder folder)
    {
        var clips = new List<BenchmarkClip>();
        foreach (var name in names)
        {
            clips.Add(name == Sample
                ? new BenchmarkClip(Sample, RepositoryFiles.Pedestrians, 100, "768x576", 4, 1, 2)
                : new BenchmarkClip(Generated, await GenerateAsync(folder), 600, "1280x720", 30, 6, 20));
        }

        return clips;
    }

    /// <summary>The same packets several times, one after the other.</summary>
    public Task<string> RepeatAsync(string outputPath, int times) => Clips.MakeAsync(
        outputPath, "-stream_loop", FormattableString.Invariant($"{times - 1}"), "-i", Path, "-c", "copy");

    /// <summary>
    /// ffmpeg's moving test picture with two lines of text, 24 s at 25 frames/s, a key frame every 2 s.
    /// </summary>
    private static Task<string> GenerateAsync(WorkFolder folder) => Clips.MakeAsync(
        folder.File("generated.mp4"), "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25",
        "-vf", "drawtext=text='GATE 07 NORTH':fontsize=48:fontcolor=white:box=1:boxcolor=black:x=40+t*20:y=560,"
            + "drawtext=text='Platform 3 departs 12.45':fontsize=32:fontcolor=black:box=1:boxcolor=white:x=620:y=90",
        "-frames:v", "600", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "50",
        "-movflags", "+faststart");
}
