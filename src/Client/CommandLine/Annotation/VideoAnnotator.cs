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
/// Makes a copy of a video with what was found drawn over it: FFmpeg decodes to a pipe, each frame is painted in
/// place, a second FFmpeg encodes H.264. Memory holds one frame, whatever the length of the video.
/// </summary>
/// <remarks>
/// Every frame keeps its own timestamp, so that a variable frame rate stays as it is; rotation is applied, as it is
/// in the results. An odd width or height gets one black column or row at the right or the bottom, since yuv420p
/// wants even sizes. Sound is left out. Under a stride, frames that were not analyzed show the last analyzed frame's
/// boxes dimmed and dashed (<see cref="ResultTimeline"/>).
/// </remarks>
internal sealed class VideoAnnotator(AnnotatorOptions options)
{
    private const int BytesPerPixel = 4;

    /// <summary>Makes the copy; it appears under its name only when it is whole.</summary>
    /// <param name="inputPath">The video that was analyzed.</param>
    /// <param name="outputPath">The MP4 to make; overwritten where it exists.</param>
    /// <param name="results">Results in ascending frame_index; read once.</param>
    /// <param name="frameStride">Stride of the job; 0 means 1.</param>
    /// <param name="framesDone">Told the number of frames written so far.</param>
    /// <param name="cancellationToken">Stops both processes and removes what was written.</param>
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
        var log = new FfmpegLog();
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
                        // CliWrap takes any IOException here for an encoder that stopped reading and drops it.
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
            // An encoder that died breaks the decoder's pipe too: the encoder's own words come first.
            throw encoderLog.Length > 0
                ? EncodingFailed(encoderLog, failure)
                : new AnnotationException($"FFmpeg could not decode the video: {log.LastLines}", failure);
        }
        catch (Win32Exception failure)
        {
            throw new AnnotationException(
                $"The annotated video needs FFmpeg, and '{options.FfmpegPath}' cannot be started ({failure.Message}). "
                + "Install it (Debian: apt-get install ffmpeg; macOS: brew install ffmpeg), or leave the video out "
                + "with --no-video.",
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
            throw new AnnotationException("FFmpeg ended in the middle of a frame.");
        }

        return read != 0;
    }

    private static AnnotationException EncodingFailed(StringBuilder encoderLog, Exception? cause = null) =>
        new($"FFmpeg could not encode the annotated video: {encoderLog.ToString().Trim()}", cause);

    private Command Decoder(string inputPath, FfmpegLog log) => Cli.Wrap(options.FfmpegPath)
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
            // BT.709, and said so: players guess by the size otherwise, and the colours shift.
            "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            // Timestamps as they come, on a clock that both 1/25 s and 1001/30000 s fit.
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
        FfmpegLog log,
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
                $"Frames of {first.Width}x{first.Height} are larger than {options.MaxFramePixels} pixels."));
        }

        // Pinned: Skia draws straight into the buffer that the pipes read and write.
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
                    $"Frame {frameIndex} is {frame.Width}x{frame.Height}, unlike those before; MP4 has one size."));
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
