using System.Globalization;
using System.Text;
using ForegSyte.Accuracy.Running;
using ForegSyte.Accuracy.Tracks;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;

namespace ForegSyte.Accuracy.Adaptive;

/// <summary>
/// Follows the persons of clips with adaptive sampling at several steps and with a look at every frame.
/// </summary>
/// <param name="service">Has the pipeline.</param>
/// <param name="pipeline">A pipeline that follows objects.</param>
/// <param name="folder">Folder for the clips.</param>
internal sealed class AdaptiveMeasurements(AccuracyService service, string pipeline, TemporaryFolder folder)
{
    /// <summary>Usual looks until one that happens in any case, as in a job.</summary>
    private const int StepsOfAnInterval = 8;

    private const string Label = "person";
    private const int FasterRate = 30;
    private const int RateOfSample = 10;

    /// <summary>
    /// Measures the sample, the same at 30 frames/s (interpolated with the motion of its blocks), a still copy of one
    /// of its frames, and a noise that changes everywhere; or another video.
    /// </summary>
    /// <param name="video">Another video; null for the sample.</param>
    /// <param name="truthFile">The objects of that video in the format of the MOT Challenge; null for none.</param>
    /// <param name="seconds">Times between usual looks.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    public async Task<List<AdaptiveMeasurement>> MeasureAsync(
        string? video, string? truthFile, IReadOnlyList<double> seconds, CancellationToken cancellationToken)
    {
        var clip = folder.File("clip.mp4");
        if (video is not null)
        {
            await TrackedVideo.ToMp4Async(video, clip, cancellationToken);
            var truth = truthFile is null
                ? null
                : TrackTruth.ParseMotChallenge(await File.ReadAllLinesAsync(truthFile, cancellationToken));
            return await MeasureClipAsync(
                Path.GetFileName(video), clip, truth, RateOfSample, seconds, cancellationToken);
        }

        var (sample, faster) = (RepositoryFiles.Pedestrians, folder.File("faster.mp4"));
        var (still, noise) = (folder.File("still.mp4"), folder.File("noise.mp4"));
        File.Copy(sample, clip, overwrite: true);
        string[] x264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];
        await Clips.MakeAsync(faster, ["-i", sample, "-vf", "minterpolate=fps=30", .. x264]);
        await Clips.MakeAsync(
            still, ["-i", sample, "-vf", "loop=99:1,noise=alls=6:allf=t", "-frames:v", "100", .. x264]);
        await Clips.MakeAsync(
            noise, ["-f", "lavfi", "-i", "color=gray:size=768x576:rate=10", "-vf", "noise=alls=100:allf=t",
                "-frames:v", "100", .. x264]);
        var labels = TrackTruth.Sample();
        const int Factor = FasterRate / RateOfSample;
        var labelsOfFaster = new TrackTruth(
            [.. labels.Boxes.Select(box => box with { Frame = box.Frame * Factor })],
            [.. labels.Frames.Select(frame => frame * Factor)],
            [.. labels.Ignored.Select(box => box with { Frame = box.Frame * Factor })]);
        return
        [
            .. await MeasureClipAsync("sample, 10 frames/s", clip, labels, RateOfSample, seconds, cancellationToken),
            .. await MeasureClipAsync(
                "sample, 30 frames/s", faster, labelsOfFaster, FasterRate, seconds, cancellationToken),
            .. await MeasureClipAsync("still, noisy", still, null, RateOfSample, seconds, cancellationToken),
            .. await MeasureClipAsync("changes everywhere", noise, null, RateOfSample, seconds, cancellationToken),
        ];
    }

    /// <summary>Formats measurements as Markdown.</summary>
    public static string Report(IEnumerable<AdaptiveMeasurement> measurements)
    {
        var text = new StringBuilder()
            .Append("| clip | step | looked at | precision | recall | IDF1 | tracks | labels: AP | IDF1 | switches ")
            .Append("| frames/s |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var item in measurements)
        {
            var labels = item.Labeled is { } score
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{item.AveragePrecision:F3} | {score.Idf1:F3} | {score.Switches}")
                : "- | - | -";
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {item.Clip} | {item.Step} | {item.Share:F3} | {item.Precision:F3} | {item.Recall:F3} ")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"| {item.Agreement:F3} | {item.Tracks} | {labels} | {item.FramesPerSecond:F1} |\n");
        }

        return text.ToString();
    }

    private async Task<List<AdaptiveMeasurement>> MeasureClipAsync(
        string name, string clip, TrackTruth? truth, int rate, IReadOnlyList<double> seconds,
        CancellationToken cancellationToken)
    {
        var size = await TrackedVideo.SizeAsync(clip, cancellationToken);
        var response = await service.CallAsync(pipeline, clip, 1, cancellationToken);
        var every = TrackedBoxes.Of(response, size, Label);
        List<AdaptiveMeasurement> measurements =
            [AdaptiveMeasurement.Of(name, 1, response, every, every, truth)];
        foreach (var step in seconds.Select(time => (int)Math.Max(1, Math.Floor(time * rate))).Distinct())
        {
            var sampling = new AdaptiveSampling { Step = step, Interval = StepsOfAnInterval * step };
            var sampled = await service.CallAsync(pipeline, clip, 1, cancellationToken, sampling);
            measurements.Add(AdaptiveMeasurement.Of(
                name, step, sampled, every, TrackedBoxes.Of(sampled, size, Label, isAdaptive: true), truth));
        }

        return measurements;
    }
}
