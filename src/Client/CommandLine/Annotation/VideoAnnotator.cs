using ForegSyte.Annotation;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Creates a copy of a video with the results drawn on it: writes an ASS script of the boxes and labels, and lets
/// FFmpeg draw it (ADR 32). It reads the video as the InferenceService does (src/Video), so that results and frames
/// agree.
/// </summary>
/// <remarks>
/// Every frame keeps its timestamp. Rotation and mirroring are applied, HDR becomes SDR, and an odd width or height
/// gets one black column or row, because yuv420p needs even sizes. Sound is dropped. With a stride, frames that were
/// not analyzed show boxes on their way, dimmed and dashed (<see cref="ResultTimeline"/>).
/// </remarks>
internal sealed class VideoAnnotator(VideoAnnotatorOptions options)
{
    /// <summary>Creates the copy under a temporary name and renames it when it is complete.</summary>
    /// <param name="inputPath">The analyzed video.</param>
    /// <param name="outputPath">The MP4 to create; an existing file is overwritten.</param>
    /// <param name="results">Results with ascending frame_index; read once.</param>
    /// <param name="frameStride">Stride of the job; 0 means 1.</param>
    /// <param name="framesDone">Receives the number of frames written so far.</param>
    /// <param name="cancellationToken">Stops FFmpeg and deletes the partial copy.</param>
    /// <returns>Number of frames of the copy.</returns>
    /// <exception cref="AnnotationException">FFmpeg is missing or failed, or the video cannot be decoded.</exception>
    public async Task<int> AnnotateAsync(
        string inputPath,
        string outputPath,
        IAsyncEnumerable<FrameResult> results,
        int frameStride,
        IProgress<int> framesDone,
        CancellationToken cancellationToken)
    {
        var tools = new FfmpegTools(options);
        var index = await tools.ReadIndexAsync(inputPath, cancellationToken);
        var clock = CopyClock.For(index);
        // Beside the output: on the same file system, so that the copy can be renamed.
        var folder = Directory.CreateDirectory(Path.Combine(
            Path.GetDirectoryName(Path.GetFullPath(outputPath))!, $".foregsyte-{Guid.NewGuid():N}"));
        try
        {
            var copy = new CopyEncoder(tools, options, inputPath, index, clock, folder.FullName);
            await copy.WriteFontAsync(cancellationToken);
            var spans = ResultTimeline.SpansAsync(results, frameStride, clock.FrameCount, cancellationToken);
            await using var script = new ScriptSource(spans, index, clock, options);
            while (!script.IsAtEnd)
            {
                var (start, end) = await script.WriteNextAsync(copy.ScriptPath);
                await copy.EncodeAsync(start, end, framesDone, cancellationToken);
            }

            await copy.SaveAsync(outputPath, cancellationToken);
            return copy.FramesDone;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

/// <summary>Writes the scripts of a copy, one for each part of the video.</summary>
/// <remarks>
/// libass keeps a whole script in memory and looks at each event for each frame. A video with many results is therefore
/// drawn in parts with a bounded number of events.
/// </remarks>
internal sealed class ScriptSource : IAsyncDisposable
{
    private readonly IAsyncEnumerator<HeldResult> _spans;
    private readonly VideoIndex _index;
    private readonly CopyClock _clock;
    private readonly VideoAnnotatorOptions _options;
    private readonly ResultDrawing _drawing;
    private HeldResult? _next;
    private int _frame;

    /// <param name="spans">The results and their frames, in order.</param>
    /// <param name="index">The video.</param>
    /// <param name="clock">Times of the frames of the copy.</param>
    /// <param name="options">Limits of a part.</param>
    public ScriptSource(
        IAsyncEnumerable<HeldResult> spans, VideoIndex index, CopyClock clock, VideoAnnotatorOptions options)
    {
        (_spans, _index, _clock, _options) = (spans.GetAsyncEnumerator(), index, clock, options);
        _drawing = new ResultDrawing(index.Info.Width, index.Info.Height);
    }

    /// <summary>Whether all frames have their script.</summary>
    public bool IsAtEnd => _frame == _clock.FrameCount;

    /// <summary>Writes the script of the next part.</summary>
    /// <returns>First frame of the part, and the frame after its last one.</returns>
    public async Task<(int Start, int End)> WriteNextAsync(string path)
    {
        var start = _frame;
        await using var writer = new StreamWriter(path);
        var script = new AssScript(writer);
        script.WriteHeader(_index.Info.Width, _index.Info.Height, _drawing.EmHeight);
        for (; await HasNextAsync(); _next = null)
        {
            var span = _next!;
            if (IsFull(script, span.StartFrame - start) && CanBegin(span, start))
            {
                _frame = span.StartFrame;
                return (start, _frame);
            }

            _drawing.Write(
                script, span.Result, span.IsHeld, _clock.ChangeTo(span.StartFrame), _clock.ChangeTo(span.EndFrame),
                span.IsDamaged);
        }

        _frame = _clock.FrameCount;
        return (start, _frame);
    }

    public ValueTask DisposeAsync() => _spans.DisposeAsync();

    private async ValueTask<bool> HasNextAsync()
    {
        if (_next is null && await _spans.MoveNextAsync())
        {
            _next = _spans.Current;
        }

        return _next is not null;
    }

    private bool IsFull(AssScript script, int frames) =>
        script.EventCount >= _options.MaxScriptEvents
        || script.Length >= _options.MaxScriptCharacters
        // Without reliable timestamps a filter names each frame.
        || (!_index.HasReliableTimestamps && frames >= _options.MaxScriptEvents);

    /// <summary>FFmpeg cuts by timestamp, so that frames with one timestamp must stay together.</summary>
    private bool CanBegin(HeldResult span, int start) =>
        !span.IsHeld && span.StartFrame > start
        && _index.TicksOf(span.StartFrame) > _index.TicksOf(span.StartFrame - 1);
}

/// <summary>Options of a <see cref="VideoAnnotator"/>.</summary>
internal sealed record VideoAnnotatorOptions
{
    /// <summary>Name or path of the FFmpeg program; ffprobe must be beside it.</summary>
    /// <value>Default: "ffmpeg", found by PATH.</value>
    public string FfmpegPath { get; init; } = "ffmpeg";

    /// <summary>Constant rate factor of x264.</summary>
    /// <value>Default: 23, x264's default. 0 (lossless) to 51.</value>
    public int ConstantRateFactor { get; init; } = 23;

    /// <summary>Preset of x264.</summary>
    /// <value>Default: "veryfast".</value>
    public string Preset { get; init; } = "veryfast";

    /// <summary>Limits on the video; those of a server can be lower.</summary>
    /// <value>Default: 5 million frames, sides of 32768 pixels, frames of 16384 x 16384 pixels.</value>
    public VideoLimits Limits { get; init; } = new(5_000_000, 32768, 16384 * 16384);

    /// <summary>Events after which a new part begins; libass looks at all of them for each frame.</summary>
    /// <value>Default: 20,000, which takes 0.2 ms a frame.</value>
    public int MaxScriptEvents { get; init; } = 20_000;

    /// <summary>Characters of a script after which a new part begins; libass keeps them in memory.</summary>
    /// <value>Default: 16 million.</value>
    public long MaxScriptCharacters { get; init; } = 16_000_000;

    /// <summary>The name of the program that is installed with FFmpeg and lists frames.</summary>
    public string FfprobePath
    {
        get
        {
            var name = Path.GetFileName(FfmpegPath).Replace("ffmpeg", "ffprobe", StringComparison.Ordinal);
            return Path.Combine(Path.GetDirectoryName(FfmpegPath) ?? "", name);
        }
    }
}

/// <summary>The annotated video could not be created; the message says why and what to do.</summary>
internal sealed class AnnotationException(string message, Exception? cause = null) : Exception(message, cause);
