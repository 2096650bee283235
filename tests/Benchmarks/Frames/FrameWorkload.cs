using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>An input video.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Path">Absolute path.</param>
/// <param name="Frames">Number of frames.</param>
/// <param name="Size">Width and height, for display.</param>
/// <param name="TextStride">frame_stride of jobs that read text, which bounds the time of the run.</param>
/// <param name="PeerStride">frame_stride of the comparison with peers.</param>
/// <param name="MemoryStride">frame_stride of the jobs whose memory is measured.</param>
internal sealed record BenchmarkClip(
    string Name, string Path, int Frames, string Size, int TextStride, int PeerStride, int MemoryStride)
{
    private const string Sample = "pedestrians";
    private const string Generated = "generated";

    public static IReadOnlyList<string> Names { get; } = [Sample, Generated];

    /// <summary>Finds or generates clips by name.</summary>
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

    /// <summary>Repeats the clip's packets.</summary>
    public Task<string> RepeatAsync(string outputPath, int times) => Clips.MakeAsync(
        outputPath, "-stream_loop", FormattableString.Invariant($"{times - 1}"), "-i", Path, "-c", "copy");

    /// <summary>
    /// ffmpeg's moving test picture with two lines of text: 24 s at 25 frames/s, a key frame every 2 s.
    /// </summary>
    private static Task<string> GenerateAsync(WorkFolder folder) => Clips.MakeAsync(
        folder.File("generated.mp4"), "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25",
        "-vf", "drawtext=text='GATE 07 NORTH':fontsize=48:fontcolor=white:box=1:boxcolor=black:x=40+t*20:y=560,"
            + "drawtext=text='Platform 3 departs 12.45':fontsize=32:fontcolor=black:box=1:boxcolor=white:x=620:y=90",
        "-frames:v", "600", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "50",
        "-movflags", "+faststart");
}

/// <summary>The frames of a clip that a pipeline analyzes.</summary>
internal sealed record Workload(BenchmarkClip Clip, string PipelineId, int Stride)
{
    /// <summary>Which of these frames the models look at.</summary>
    public Sampling Sampling { get; init; } = Sampling.Unspecified;

    /// <summary>Number of analyzed frames.</summary>
    public int Frames => (Clip.Frames + Stride - 1) / Stride;

    /// <summary>For example "detect_only, pedestrians 768x576, 100 frames".</summary>
    public override string ToString()
    {
        var stride = Stride == 1 ? "" : FormattableString.Invariant($" (frame_stride {Stride} of {Clip.Frames})");
        return FormattableString.Invariant($"{PipelineId}, {Clip.Name} {Clip.Size}, {Frames} frames{stride}");
    }
}

/// <summary>Result of one job.</summary>
/// <param name="Seconds">From submission to the last result.</param>
/// <param name="Detections">Detected objects, summed over the frames.</param>
/// <param name="Lines">Lines of text, summed over the frames.</param>
internal sealed record JobRun(double Seconds, int Detections, int Lines)
{
    /// <summary>Uploads and analyzes a clip and reads all results.</summary>
    /// <exception cref="InvalidOperationException">The job failed, or frames are missing.</exception>
    public static async Task<JobRun> RunAsync(
        ForegSyteClient client, Workload workload, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        var submitted = await client.SubmitFileAsync(
            workload.Clip.Path,
            new SubmitOptions
            {
                PipelineId = workload.PipelineId,
                FrameStride = workload.Stride,
                Sampling = workload.Sampling,
            },
            cancellationToken: cancellationToken);
        var job = await client.WaitForCompletionAsync(submitted.JobId, cancellationToken: cancellationToken);
        if (job.Status != JobStatus.Completed)
        {
            throw new InvalidOperationException($"The job ended as {job.Status}: {job.ErrorMessage}");
        }

        var (frames, detections, lines) = (0, 0, 0);
        await foreach (var result in client.GetResultsAsync(job.JobId, cancellationToken: cancellationToken))
        {
            frames++;
            detections += result.Result.Detections.Count;
            lines += result.Result.TextRegions.Count;
        }

        var elapsed = TimeProvider.System.GetElapsedTime(start);
        return frames == workload.Frames
            ? new JobRun(elapsed.TotalSeconds, detections, lines)
            : throw new InvalidOperationException($"{workload}: the job has results of {frames} frames.");
    }

    /// <summary>Warms the services up with a job over few frames.</summary>
    public static Task WarmUpAsync(ForegSyteClient client, Workload workload, CancellationToken cancellationToken) =>
        RunAsync(client, workload with { Stride = workload.Clip.Frames / 2 }, cancellationToken);
}
