using System.ComponentModel;
using System.Globalization;
using CliWrap;
using ForegSyte.Video;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>Runs ffmpeg and ffprobe.</summary>
internal sealed class FfmpegTools(VideoAnnotatorOptions options) : IFfprobe
{
    private const string NoLibass =
        "This FFmpeg was built without libass, which draws the boxes and labels. Install one with libass (Debian's "
        + "ffmpeg and the full builds for macOS and Windows have it; 'ffmpeg -filters' lists 'ass'), and name it with "
        + "--ffmpeg PATH.";

    /// <summary>Lists the frames of a video.</summary>
    /// <exception cref="AnnotationException">The video cannot be read, or ffprobe is missing.</exception>
    public async Task<VideoIndex> ReadIndexAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var filters = await ListFiltersAsync(cancellationToken);
            if (!filters.Contains("ass"))
            {
                throw new AnnotationException(NoLibass);
            }

            await using var file = File.OpenRead(path);
            // The service decided by the same decoded frames, unless they cannot be decoded.
            var reader = new VideoIndexReader(
                this, options.Limits, FrameFilters.OfToneMapping.All(filters.Contains), (_, _) => { });
            return await reader.ReadAsync(file, Path.GetFullPath(path), cancellationToken);
        }
        catch (VideoRefusedException refusal)
        {
            throw new AnnotationException(refusal.Message, refusal);
        }
    }

    /// <inheritdoc />
    public async Task<Exception?> RunAsync(
        IReadOnlyList<string> arguments,
        string path,
        Func<ReadOnlyMemory<char>, bool> onLine,
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var isStopped = false;
        try
        {
            await RunAsync(
                options.FfprobePath,
                arguments,
                Path.GetTempPath(),
                PipeTarget.Create((output, _) => BoundedLines.ReadAsync(
                    new StreamReader(output, leaveOpen: true),
                    line =>
                    {
                        if (!isStopped && !onLine(line))
                        {
                            isStopped = true;
                            stop.Cancel();
                        }

                        return !isStopped;
                    })),
                "read the video",
                stop.Token);
            return null;
        }
        catch (OperationCanceledException) when (isStopped && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (AnnotationException failure)
        {
            return failure;
        }
    }

    /// <summary>The names of FFmpeg's filters, from lines such as " .S. zscale V->V Apply resizing…".</summary>
    private async Task<HashSet<string>> ListFiltersAsync(CancellationToken cancellationToken)
    {
        var names = new HashSet<string>();
        await RunAsync(
            options.FfmpegPath,
            ["-hide_banner", "-v", "error", "-filters"],
            Path.GetTempPath(),
            PipeTarget.ToDelegate(line =>
            {
                if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var name, ..])
                {
                    names.Add(name);
                }
            }),
            "list its filters",
            cancellationToken);
        return names;
    }

    /// <summary>Reads when the first frame of a file is shown, in seconds; null if it has none.</summary>
    public async Task<decimal?> ReadStartAsync(string path, CancellationToken cancellationToken)
    {
        var start = "";
        await RunAsync(
            options.FfprobePath,
            ["-v", "error", "-show_entries", "stream=start_time", "-of", "csv=p=0", "-i", SandboxedInput.Url(path)],
            Path.GetTempPath(),
            PipeTarget.ToDelegate(line => start = line.Trim(',', ' ')),
            "read a part of the annotated video",
            cancellationToken);
        return decimal.TryParse(start, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            ? seconds
            : null;
    }

    /// <summary>Runs ffmpeg.</summary>
    /// <param name="arguments">Its arguments, without those for logs.</param>
    /// <param name="folder">Its working folder.</param>
    /// <param name="framesDone">Called with the number of frames written so far.</param>
    /// <param name="what">What it does, for the error: "encode the annotated video".</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="AnnotationException">FFmpeg is missing or failed.</exception>
    public Task FfmpegAsync(
        IEnumerable<string> arguments,
        string folder,
        Action<int> framesDone,
        string what,
        CancellationToken cancellationToken)
    {
        const string FrameField = "frame=";
        return RunAsync(
            options.FfmpegPath,
            ["-hide_banner", "-nostdin", "-nostats", "-v", "error", "-progress", "pipe:1", "-y", .. arguments],
            folder,
            PipeTarget.ToDelegate(line =>
            {
                if (line.StartsWith(FrameField, StringComparison.Ordinal)
                    && int.TryParse(line.AsSpan(FrameField.Length), CultureInfo.InvariantCulture, out var frames))
                {
                    framesDone(frames);
                }
            }),
            what,
            cancellationToken);
    }

    private static async Task RunAsync(
        string program,
        IEnumerable<string> arguments,
        string folder,
        PipeTarget output,
        string what,
        CancellationToken cancellationToken)
    {
        var log = new LogTail();
        try
        {
            var ended = await Cli.Wrap(program)
                .WithArguments(arguments)
                .WithWorkingDirectory(folder)
                .WithStandardOutputPipe(output)
                .WithStandardErrorPipe(PipeTarget.Create((errors, _) => BoundedLines.ReadAsync(
                    new StreamReader(errors, leaveOpen: true), log.Take)))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(cancellationToken);
            if (ended.ExitCode != 0)
            {
                throw new AnnotationException(FailureOf(log, what));
            }
        }
        catch (Win32Exception failure)
        {
            throw new AnnotationException(
                $"The annotated video needs FFmpeg, but '{program}' cannot be started ({failure.Message}). "
                + "Install it (Debian: apt-get install ffmpeg; macOS: brew install ffmpeg), or omit the video with "
                + "--no-video.",
                failure);
        }
    }

    private static string FailureOf(LogTail log, string what) => log switch
    {
        _ when log.Mentions("No such filter: 'ass'") => NoLibass,
        _ when log.Mentions("Unknown encoder 'libx264'") =>
            "This FFmpeg was built without libx264, which encodes the annotated video. Install one with libx264 "
            + "(Debian's ffmpeg has it; 'ffmpeg -encoders' lists it), and name it with --ffmpeg PATH.",
        _ => $"FFmpeg could not {what}: {string.Join(Environment.NewLine, log.Lines)}",
    };
}
