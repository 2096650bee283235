using System.ComponentModel;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using CliWrap;
using CliWrap.Exceptions;
using ForegSyte.V1;
using SkiaSharp;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Creates a copy of a video with the results drawn on it: one FFmpeg process decodes to a pipe, the annotator paints
/// each frame in place, a second process encodes H.264. It holds one frame in memory.
/// </summary>
/// <remarks>
/// Every frame keeps its timestamp, so a variable frame rate is preserved. Rotation is applied, as in the results. An
/// odd width or height gets one black column or row, because yuv420p needs even sizes. Sound is dropped. With a stride,
/// frames that were not analyzed show the last boxes, dimmed and dashed (<see cref="ResultTimeline"/>).
/// </remarks>
internal sealed class VideoAnnotator(VideoAnnotatorOptions options)
{
    private const int BytesPerPixel = 4;

    /// <summary>Creates the copy under a temporary name and renames it when it is complete.</summary>
    /// <param name="inputPath">The analyzed video.</param>
    /// <param name="outputPath">The MP4 to create; an existing file is overwritten.</param>
    /// <param name="results">Results with ascending frame_index; read once.</param>
    /// <param name="frameStride">Stride of the job; 0 means 1.</param>
    /// <param name="framesDone">Receives the number of frames written so far.</param>
    /// <param name="cancellationToken">Stops both processes and deletes the partial copy.</param>
    /// <returns>Number of frames.</returns>
    /// <exception cref="AnnotationException">FFmpeg is missing or failed, or the video cannot be decoded.</exception>
    public async Task<int> AnnotateAsync(
        string inputPath,
        string outputPath,
        IAsyncEnumerable<FrameResult> results,
        int frameStride,
        IProgress<int> framesDone,
        CancellationToken cancellationToken)
    {
        var partialPath = outputPath + ".partial";
        var log = new DecoderLog();
        var encoderLog = new StringBuilder();
        var frameCount = 0;
        ExceptionDispatchInfo? paintingFailure = null;
        try
        {
            await using var timeline = new ResultTimeline(results, frameStride);
            var decoder = Decoder(inputPath, log);
            var encoder = Encoder(partialPath, encoderLog).WithStandardInputPipe(PipeSource.FromCommand(
                decoder,
                async (decoded, encoded, token) =>
                {
                    try
                    {
                        frameCount = await PaintAllAsync(decoded, encoded, log, timeline, framesDone, token);
                    }
                    catch (Exception failure)
                    {
                        // CliWrap takes an IOException here for an encoder that stopped reading, and ignores it.
                        paintingFailure = ExceptionDispatchInfo.Capture(failure);
                        throw;
                    }
                }));
            var ended = await encoder.ExecuteAsync(cancellationToken);
            if (ended.ExitCode != 0)
            {
                throw EncodingFailed(encoderLog, paintingFailure?.SourceException);
            }

            paintingFailure?.Throw();

            File.Move(partialPath, outputPath, overwrite: true);
            return frameCount;
        }
        catch (CommandExecutionException failure)
        {
            // An encoder that exits breaks the decoder's pipe too, so its error comes first.
            throw encoderLog.Length > 0
                ? EncodingFailed(encoderLog, failure)
                : new AnnotationException($"FFmpeg could not decode the video: {log.LastLines}", failure);
        }
        catch (Win32Exception failure)
        {
            throw new AnnotationException(
                $"The annotated video needs FFmpeg, but '{options.FfmpegPath}' cannot be started ({failure.Message}). "
                + "Install it (Debian: apt-get install ffmpeg; macOS: brew install ffmpeg), or omit the video with "
                + "--no-video.",
                failure);
        }
        finally
        {
            File.Delete(partialPath);
        }
    }

    private static async Task<bool> ReadFrameAsync(
        Stream decoded, Memory<byte> pixels, CancellationToken cancellationToken)
    {
        var read = await decoded.ReadAtLeastAsync(pixels, pixels.Length, throwOnEndOfStream: false, cancellationToken);
        if (read != 0 && read != pixels.Length)
        {
            throw new AnnotationException("FFmpeg exited in the middle of a frame.");
        }

        return read != 0;
    }

    private static AnnotationException EncodingFailed(StringBuilder encoderLog, Exception? cause = null) =>
        new($"FFmpeg could not encode the annotated video: {encoderLog.ToString().Trim()}", cause);

    private Command Decoder(string inputPath, DecoderLog log) => Cli.Wrap(options.FfmpegPath)
        .WithArguments(
        [
            "-hide_banner", "-nostdin", "-nostats", "-v", "info", "-protocol_whitelist", "file,pipe",
            "-i", "file:" + Path.GetFullPath(inputPath), "-map", "0:v:0", "-vf", "showinfo=checksum=0",
            "-fps_mode", "passthrough", "-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1",
        ])
        .WithStandardErrorPipe(PipeTarget.Create(log.ReadAsync));

    private Command Encoder(string outputPath, StringBuilder log) => Cli.Wrap(options.FfmpegPath)
        .WithArguments(
        [
            "-hide_banner", "-nostats", "-v", "error", "-y", "-f", "matroska", "-i", "pipe:0",
            // BT.709, with its tags: otherwise players guess by the size, and the colors shift.
            "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            // Keeps the timestamps, with a time base that represents both 1/25 s and 1001/30000 s.
            "-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-video_track_timescale", "90000",
            "-c:v", "libx264", "-preset", options.Preset,
            "-crf", options.ConstantRateFactor.ToString(CultureInfo.InvariantCulture),
            "-movflags", "+faststart", "-f", "mp4", "file:" + Path.GetFullPath(outputPath),
        ])
        .WithStandardErrorPipe(PipeTarget.ToStringBuilder(log))
        .WithValidation(CommandResultValidation.None);

    private async Task<int> PaintAllAsync(
        Stream decoded,
        Stream encoded,
        DecoderLog log,
        ResultTimeline timeline,
        IProgress<int> framesDone,
        CancellationToken cancellationToken)
    {
        if (!await log.Frames.WaitToReadAsync(cancellationToken) || !log.Frames.TryPeek(out var first))
        {
            throw new AnnotationException($"FFmpeg could not decode the video: {log.LastLines}");
        }

        if ((long)first.Width * first.Height > options.MaxFramePixels)
        {
            throw new AnnotationException(FormattableString.Invariant(
                $"Frames of {first.Width}x{first.Height} exceed the limit of {options.MaxFramePixels} pixels."));
        }

        // Pinned, because Skia draws into the buffer that the pipes read and write.
        var pixels = GC.AllocateUninitializedArray<byte>(first.Width * first.Height * BytesPerPixel, pinned: true);
        using var painter = new FramePainter(first.Width, first.Height);
        using var surface = SKSurface.Create(
            new SKImageInfo(first.Width, first.Height, SKColorType.Rgba8888, SKAlphaType.Opaque),
            Marshal.UnsafeAddrOfPinnedArrayElement(pixels, 0),
            first.Width * BytesPerPixel);
        var writer = new RawMatroskaWriter(encoded);
        await writer.WriteHeaderAsync(first, log.FrameDurationNs, cancellationToken);

        var frameIndex = 0;
        for (; await ReadFrameAsync(decoded, pixels, cancellationToken); frameIndex++)
        {
            var frame = await log.Frames.ReadAsync(cancellationToken);
            if ((frame.Width, frame.Height) != (first.Width, first.Height))
            {
                throw new AnnotationException(FormattableString.Invariant(
                    $"Frame {frameIndex} is {frame.Width}x{frame.Height}, but the first {first.Width}x{first.Height}; ")
                    + "an annotated video must have one size.");
            }

            if (await timeline.AtAsync(frameIndex) is { } held)
            {
                painter.Paint(surface.Canvas, held);
                surface.Flush();
            }

            await writer.WriteFrameAsync(frame.TimestampUs - first.TimestampUs, pixels, cancellationToken);
            framesDone.Report(frameIndex + 1);
        }

        return frameIndex;
    }
}

/// <summary>Options of a <see cref="VideoAnnotator"/>.</summary>
internal sealed record VideoAnnotatorOptions
{
    /// <summary>Name or path of the FFmpeg program.</summary>
    /// <value>Default: "ffmpeg", found by PATH.</value>
    public string FfmpegPath { get; init; } = "ffmpeg";

    /// <summary>Constant rate factor of x264.</summary>
    /// <value>Default: 23, x264's default. 0 (lossless) to 51.</value>
    public int ConstantRateFactor { get; init; } = 23;

    /// <summary>Preset of x264.</summary>
    /// <value>Default: "veryfast".</value>
    public string Preset { get; init; } = "veryfast";

    /// <summary>Maximum size of a frame in pixels; one frame is held in memory, 4 bytes per pixel.</summary>
    /// <value>Default: 7680 x 4320.</value>
    public long MaxFramePixels { get; init; } = 7680L * 4320;
}

/// <summary>The annotated video could not be created; the message says why and what to do.</summary>
internal sealed class AnnotationException(string message, Exception? cause = null) : Exception(message, cause);
