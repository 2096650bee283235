using ForegSyte.Accuracy.Running;
using ForegSyte.Accuracy.Text;

namespace ForegSyte.Accuracy.Objects;

/// <summary>A clip with labeled frames.</summary>
/// <param name="Path">The clip.</param>
/// <param name="Stride">Frame stride that gives its labeled frames.</param>
/// <param name="FirstFrame">Number of its first frame among all labeled frames of the scenes.</param>
internal sealed record SceneClip(string Path, int Stride, int FirstFrame);

/// <summary>The labeled scenes: clips, and all their labels with frames numbered through.</summary>
/// <param name="Clips">The clips.</param>
/// <param name="Labels">The labels.</param>
/// <param name="FramesByScene">Name and number of frames of each scene.</param>
internal sealed record SceneSet(
    IReadOnlyList<SceneClip> Clips, IReadOnlyList<LabeledObject> Labels,
    IReadOnlyList<(string Name, int FirstFrame, int Frames)> FramesByScene)
{
    /// <summary>The scenes, in the order of the table.</summary>
    private static readonly string[] Names = ["pedestrians", "street", "film", "office", "photos", "animals", "tree"];

    /// <summary>Number of frames.</summary>
    public int Frames => FramesByScene.Sum(scene => scene.Frames);

    /// <summary>Creates the clips of all scenes.</summary>
    /// <param name="sample">The sample of the repository.</param>
    /// <param name="folder">Folder for the clips.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <exception cref="InvalidOperationException">A file of a Debian package is missing.</exception>
    public static async Task<SceneSet> MakeAsync(string sample, string folder, CancellationToken cancellationToken)
    {
        var clips = new List<SceneClip>();
        var labels = new List<LabeledObject>();
        var scenes = new List<(string, int, int)>();
        var frames = 0;
        foreach (var name in Names)
        {
            var file = LabelFile.Read(LabelFile.PathOf(name));
            if (file.Sources is not { } sources)
            {
                clips.Add(new SceneClip(sample, file.Frames[1] - file.Frames[0], frames));
            }
            else if (sources.Length == 1)
            {
                var clip = Path.Combine(folder, name + ".mp4");
                var wanted = string.Join('+', file.Frames.Select(frame => $"eq(n,{frame})"));
                await MakeAsync(PackageFiles.Find(sources[0]), $"select='{wanted}',", clip, cancellationToken);
                clips.Add(new SceneClip(clip, 1, frames));
            }
            else
            {
                for (var i = 0; i < sources.Length; i++)
                {
                    var clip = Path.Combine(folder, $"{name}{i}.mp4");
                    await MakeAsync(PackageFiles.Find(sources[i]), "", clip, cancellationToken);
                    clips.Add(new SceneClip(clip, 1, frames + i));
                }
            }

            labels.AddRange(file.Objects.Select(item => item with
            {
                Frame = frames + Array.IndexOf(file.Frames, item.Frame),
            }));
            scenes.Add((name, frames, file.Frames.Length));
            frames += file.Frames.Length;
        }

        return new SceneSet(clips, labels, scenes);
    }

    /// <summary>The frames that a filter lets through, with an even width and height, as an MP4.</summary>
    public static Task MakeAsync(string source, string filter, string clip, CancellationToken cancellationToken) =>
        TextClip.FfmpegAsync(
            ["-i", source, "-an", "-vf", $"{filter}crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0", "-fps_mode", "passthrough",
                "-c:v", "libx264", "-threads", "1", "-crf", "12", "-pix_fmt", "yuv420p", clip],
            cancellationToken);
}
