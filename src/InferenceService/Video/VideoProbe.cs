using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Reads what the container of a video lists, without decoding it.</summary>
internal sealed class VideoProbe(
    DecoderTools tools,
    VideoIndexCache cache,
    IOptions<VideoOptions> options,
    TimeProvider timeProvider,
    ILogger<VideoProbe> logger)
{
    private readonly string[] _listing =
    [
        "-v", "error", .. ConfinedInput.Arguments(options.Value),
        "-select_streams", "V:0",
        "-show_entries",
        "packet=pts,dts,duration,flags:stream=codec_name,width,height,time_base,avg_frame_rate"
            + ":stream_side_data=rotation",
        "-of", "compact",
    ];

    /// <summary>The index of a video, from memory where the file is unchanged.</summary>
    /// <param name="path">Canonical path from <see cref="VideoSources"/>.</param>
    /// <param name="cancellationToken">Ends the child process.</param>
    /// <exception cref="ServiceException">
    /// EMPTY_VIDEO, NOT_AN_MP4, TRUNCATED_MP4, NO_VIDEO_TRACK, NO_FRAMES, UNDECODABLE_VIDEO, VIDEO_LIMIT_EXCEEDED,
    /// SOURCE_NOT_FOUND, SOURCE_NOT_ALLOWED, DECODER_LOST.
    /// </exception>
    public async Task<VideoIndex> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var key = CheckFile(path);
        if (cache.Find(key) is { } known)
        {
            return known;
        }

        var table = await ListAsync(path, cancellationToken);
        var index = StreamDescription.ToIndex(table, key.SizeBytes, options.Value);
        cache.Add(key, index);
        return index;
    }

    private static VideoIndexCache.Key CheckFile(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var key = new VideoIndexCache.Key(path, file.Length, File.GetLastWriteTimeUtc(file.SafeFileHandle));
            Mp4Boxes.Check(file);
            return key;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ServiceException(ErrorReason.SourceNotFound, "The server has no such video file.", failure);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new ServiceException(
                ErrorReason.SourceNotAllowed, "The account of the service may not read the video file.", failure);
        }
    }

    private async Task<PacketTable> ListAsync(string path, CancellationToken cancellationToken)
    {
        var table = new PacketTable(options.Value.MaxFrames);
        var tail = new LogTail();
        var isWithinLimit = true;
        await using var process = ChildProcess.Start(
            tools.Ffprobe([.. _listing, "-i", ConfinedInput.Url(path)], path),
            line =>
            {
                tail.Add(line);
                return true;
            });
        using var timeLimit = new CancellationTokenSource(options.Value.ProbeTimeLimit, timeProvider);
        await using var killOnTime = timeLimit.Token.Register(process.Kill);
        await using var killOnCancel = cancellationToken.Register(process.Kill);
        await BoundedLines.ReadAsync(
            new StreamReader(process.Output), line => isWithinLimit = table.Add(line.Span));
        cancellationToken.ThrowIfCancellationRequested();
        if (!isWithinLimit)
        {
            throw VideoFailures.LimitExceeded(
                nameof(VideoOptions.MaxFrames), options.Value.MaxFrames, "frames", "The video has more frames.");
        }

        if (timeLimit.IsCancellationRequested)
        {
            throw VideoFailures.LimitExceeded(
                nameof(VideoOptions.ProbeTimeLimit),
                options.Value.ProbeTimeLimit.ToString("c"),
                "Reading the list of frames takes too long.");
        }

        var exitCode = await process.WaitForExitAsync();
        if (exitCode != 0)
        {
            logger.LogWarning("ffprobe ended with {ExitCode}: {Tail}", exitCode, tail);
            var failure = DecoderExit.ProcessFailure(exitCode, tail, options.Value) ?? UnreadableContainer(tail);
            failure.LastWords = LastWords.Of(tail, path);
            throw failure;
        }

        return table;
    }

    private ServiceException UnreadableContainer(LogTail tail) =>
        tail.Mentions(ConfinedInput.TooManyPixels)
            ? VideoFailures.FrameTooLarge(options.Value)
            : tail.Mentions("moov atom not found")
            ? VideoFailures.Truncated("its 'moov' box, the table of frames, is missing.")
            : VideoFailures.NotAnMp4("its boxes contradict each other.");
}
