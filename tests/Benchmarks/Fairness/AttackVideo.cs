using System.Buffers.Binary;
using ForegSyte.Media.Tests.Mp4Editor;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Fairness;

/// <summary>A generated video of an attack.</summary>
/// <param name="Name">Name of its file, without extension.</param>
/// <param name="MakeAsync">Makes it at a path.</param>
internal sealed record AttackVideo(string Name, Func<string, Task> MakeAsync)
{
    /// <summary>The small clip that the honest tenant submits: 10 frames of 320x240.</summary>
    public static AttackVideo Clip { get; } = new("clip", path => Clips.MakeTestPictureAsync(path, frames: 10));

    /// <summary>40 black frames of 8192x8192.</summary>
    public static AttackVideo HugeFrames { get; } = new(
        "huge-frames", path => MakeBlackAsync(path, "8192x8192", frames: 40, "-g", "10"));

    /// <summary>18 black frames of 8192x8192, of which a decoder must keep 16.</summary>
    public static AttackVideo ManyReferences { get; } = new(
        "many-references", path => MakeBlackAsync(
            path, "8192x8192", frames: 18, "-coder", "1", "-x264-params", "ref=16:keyint=250"));

    /// <summary>A sample table that names the same few bytes as 4.9 million frames.</summary>
    public static AttackVideo EndlessTable { get; } = new("endless-table", MakeEndlessTableAsync);

    /// <summary>A clip whose video is the second stream, which tells its decoder from those of other videos.</summary>
    public static AttackVideo SecondStream { get; } = new(
        "second-stream", path => Clips.MakeAsync(
            path,
            "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=10",
            "-f", "lavfi", "-i", "sine=duration=10",
            "-map", "1:a", "-map", "0:v", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10"));

    /// <summary>2,000 frames with people and a line of text.</summary>
    public static AttackVideo ManyFrames { get; } = new(
        "many-frames", path => Clips.MakeAsync(
            path, "-stream_loop", "19", "-i", RepositoryFiles.Pedestrians, "-c", "copy"));

    /// <summary>A clip of 30 MB.</summary>
    public static AttackVideo LargeFile { get; } = new("large-file", async path =>
    {
        await Clips.MakeTestPictureAsync(path);
        await Mp4Surgery.EnlargeAsync(path, 30_000_000);
    });

    private static Task<string> MakeBlackAsync(string path, string size, int frames, params string[] codec) =>
        Clips.MakeAsync(
            path,
            [
                "-f", "lavfi", "-i", $"color=black:size={size}:rate=10",
                "-frames:v", FormattableString.Invariant($"{frames}"), "-c:v", "libx264", "-preset", "ultrafast",
                "-pix_fmt", "yuv420p", .. codec,
            ]);

    /// <summary>
    /// Each chunk of the table names the same bytes: copies of one black key frame of 16x16 pixels, which decodes by
    /// itself.
    /// </summary>
    private static async Task MakeEndlessTableAsync(string path)
    {
        const int Frames = 4_900_000;
        const int FramesPerChunk = 875;
        const int SizeOfLastFrame = 4;
        await Clips.MakeAsync(
            path,
            "-f", "lavfi", "-i", "color=black:size=16x16:rate=10", "-frames:v", "3", "-c:v", "libx264", "-preset",
            "ultrafast", "-coder", "1", "-g", "1", "-pix_fmt", "yuv420p");
        Mp4Tree.Edit(path, file =>
        {
            var table = file.Track()["mdia/minf/stbl"];
            var sizes = table["stsz"].Payload;
            var frameBytes = BinaryPrimitives.ReadInt32BigEndian(sizes.AsSpan(sizes.Length - SizeOfLastFrame));
            var data = file.Boxes.First(box => box.Type == "mdat");
            var frame = data.Payload[^frameBytes..];
            data.Payload = [.. Enumerable.Repeat(frame, FramesPerChunk).SelectMany(bytes => bytes)];
            const int Chunks = Frames / FramesPerChunk;
            var chunk = table["stco"].Number(8);
            table["stsz"].Payload = Mp4Node.Table(frameBytes, [Frames]);
            table["stts"].Payload = Mp4Node.Table(1, [Frames, table["stts"].Number(12)]);
            table["stsc"].Payload = Mp4Node.Table(1, [1, FramesPerChunk, 1]);
            table["stco"].Payload = Mp4Node.Table(Chunks, Enumerable.Repeat(chunk, Chunks));
            table.Children!.RemoveAll(box => box.Type is "stss" or "ctts" or "sgpd" or "sbgp");
            file.Track().Children!.RemoveAll(box => box.Type == "edts");
        });
    }
}
