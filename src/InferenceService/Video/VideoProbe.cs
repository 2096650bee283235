using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.Protocol.Text;
using ForegSyte.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Reads the index of a video, with ffprobe in the sandbox.</summary>
internal sealed class VideoProbe(
    DecoderTools tools,
    VideoIndexCache cache,
    MemoryBudget memory,
    IOptions<VideoOptions> options,
    IOptions<MemoryOptions> memoryOptions,
    TimeProvider timeProvider,
    ILogger<VideoProbe> logger)
{
    /// <summary>Reads the index of a video; an unchanged file comes from the cache.</summary>
    /// <param name="video">The video, from <see cref="VideoSources"/>.</param>
    /// <param name="cancellationToken">Ends the child process.</param>
    /// <exception cref="ServiceException">
    /// EMPTY_VIDEO, NOT_AN_MP4, TRUNCATED_MP4, NO_VIDEO_TRACK, NO_FRAMES, ENCRYPTED_VIDEO, UNDECODABLE_VIDEO,
    /// VIDEO_LIMIT_EXCEEDED, SOURCE_NOT_FOUND, SOURCE_NOT_ALLOWED, DECODER_LOST.
    /// </exception>
    public Task<VideoIndex> ReadAsync(VideoFile video, CancellationToken cancellationToken) =>
        ReadAsync(video, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <inheritdoc cref="ReadAsync(VideoFile, CancellationToken)" />
    /// <param name="video">The video, from <see cref="VideoSources"/>.</param>
    /// <param name="maxWait">Maximum time of each wait for memory.</param>
    /// <param name="cancellationToken">Ends the child process.</param>
    /// <exception cref="TimeoutException">No memory became free in time.</exception>
    public async Task<VideoIndex> ReadAsync(
        VideoFile video, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        if (video.Remote is { } remote)
        {
            await remote.FetchIndexAsync(options.Value.MaxFrames, cancellationToken);
            try
            {
                return await ReadFetchedAsync(video, isPartial: !remote.IsReadWhole, maxWait, cancellationToken);
            }
            catch (PartialVideoException)
            {
                await remote.FetchAllAsync(cancellationToken);
            }
        }

        return await ReadFetchedAsync(video, isPartial: false, maxWait, cancellationToken);
    }

    /// <exception cref="PartialVideoException">The index cannot be made from a part of the file.</exception>
    private async Task<VideoIndex> ReadFetchedAsync(
        VideoFile video, bool isPartial, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        await using var file = video.OpenRead();

        // Each fetch modifies the file of a remote video, whose path is that of one content.
        var modifiedAt = video.Remote is null ? File.GetLastWriteTimeUtc(file.SafeFileHandle) : default;
        var key = new VideoIndexCache.Key(video.Path, file.Length, modifiedAt, isPartial);
        if (cache.Find(key) is { } known)
        {
            return known;
        }

        // Segments of a job begin together: the first one reads the index, and the others find it.
        using var turn = await cache.TakeTurnAsync(key, cancellationToken);
        if (cache.Find(key) is { } read)
        {
            return read;
        }

        try
        {
            var reader = new VideoIndexReader(
                new Ffprobe(this, video, isPartial, maxWait), options.Value.Limits, tools.CanToneMap, LogUndecided);
            var index = await reader.ReadAsync(file, tools.InputPath(video), isPartial, cancellationToken);
            if (isPartial && !video.Remote!.BeginsAtFirstSample(index))
            {
                throw new PartialVideoException();
            }

            CheckBudget(index);

            cache.Add(key, index);
            return index;
        }
        catch (Exception failure) when (isPartial && failure is VideoRefusedException or ServiceException)
        {
            throw new PartialVideoException();
        }
        catch (VideoRefusedException refusal)
        {
            throw VideoFailures.Of(refusal);
        }
    }

    /// <summary>Refuses what RunPipeline would refuse.</summary>
    private void CheckBudget(VideoIndex index)
    {
        var (size, room) = (SegmentMemory.Checked(index), tools.Room(memory.Bytes));
        if (SegmentMemory.Choices(index, size, 1, 1, kept: 0, hasParts: false, room).Count == 0)
        {
            throw VideoFailures.BeyondBudget(SegmentMemory.Least(index, size, kept: 0, room), room.Bytes);
        }
    }

    /// <summary>
    /// Runs ffprobe with little memory, which lists packets of any video, or with that of the largest frame if it
    /// decodes or if the little did not do.
    /// </summary>
    private async Task<Exception?> RunAsync(
        IReadOnlyList<string> arguments,
        VideoFile video,
        TimeSpan maxWait,
        Func<ReadOnlyMemory<char>, bool> onLine,
        CancellationToken cancellationToken)
    {
        var decoding = SegmentMemory.ProbeBytes(options.Value.MaxFramePixels);
        if (ProbeArguments.Decodes(arguments))
        {
            return await RunAsync(arguments, video, decoding, maxWait, onLine, cancellationToken);
        }

        var hasOutput = false;
        var failure = await RunAsync(
            arguments, video, SegmentMemory.ListingBytes, maxWait,
            line =>
            {
                hasOutput = true;
                return onLine(line);
            },
            cancellationToken);
        return !hasOutput && failure is ServiceException refusal && VideoFailures.IsBeyondShare(refusal)
            ? await RunAsync(arguments, video, decoding, maxWait, onLine, cancellationToken)
            : failure;
    }

    private async Task<Exception?> RunAsync(
        IReadOnlyList<string> arguments,
        VideoFile video,
        long bytes,
        TimeSpan maxWait,
        Func<ReadOnlyMemory<char>, bool> onLine,
        CancellationToken cancellationToken)
    {
        var tail = new LogTail();
        var isStopped = false;
        using var share = await memory.TakeAsync(
            [Math.Min(bytes, memory.Bytes)], isBrief: true, maxWait, timeProvider, cancellationToken);
        var limit = tools.AddressSpace(share.Bytes, threads: 1, memoryOptions.Value);
        await using var process = ChildProcess.Start(tools.Ffprobe(arguments, video, limit), tail.Take);
        using var timeLimit = new CancellationTokenSource(options.Value.ProbeTimeLimit, timeProvider);
        await using var killOnTime = timeLimit.Token.Register(process.Kill);
        await using var killOnCancel = cancellationToken.Register(process.Kill);
        await BoundedLines.ReadAsync(new StreamReader(process.Output), line => !(isStopped = !onLine(line)));
        cancellationToken.ThrowIfCancellationRequested();
        if (isStopped)
        {
            return null;
        }

        if (timeLimit.IsCancellationRequested)
        {
            return VideoFailures.LimitExceeded(
                nameof(VideoOptions.ProbeTimeLimit),
                DurationText.Format(options.Value.ProbeTimeLimit),
                "Reading the packet table takes too long.");
        }

        var exitCode = await process.WaitForExitAsync();
        if (exitCode == 0)
        {
            return null;
        }

        logger.LogWarning("ffprobe failed with exit code {ExitCode}: {Tail}", exitCode, tail);
        var failure = DecoderExit.ProcessFailure(exitCode, tail, options.Value, limit) ?? UnreadableContainer(tail);
        failure.LastWords = DecoderLogExcerpt.Of(tail, video.Path);
        return failure;
    }

    private void LogUndecided(string what, Exception failure) =>
        logger.LogWarning(
            "FFmpeg could not read the {What}; the values of the container are used: {Reason}", what, failure.Message);

    private ServiceException UnreadableContainer(LogTail tail) =>
        tail.Mentions(SandboxedInput.TooManyPixels) ? VideoFailures.FrameTooLarge(options.Value)
        : VideoFailures.Of(tail.Mentions("moov atom not found")
            ? VideoRefusedException.Truncated("its 'moov' box, the packet table, is missing.")
            : VideoRefusedException.NotAnMp4("its boxes contradict each other."));

    /// <summary>Runs ffprobe on one open video.</summary>
    private sealed class Ffprobe(VideoProbe probe, VideoFile video, bool isPartial, TimeSpan maxWait) : IFfprobe
    {
        /// <inheritdoc />
        public Task<Exception?> RunAsync(
            IReadOnlyList<string> arguments,
            string path,
            Func<ReadOnlyMemory<char>, bool> onLine,
            CancellationToken cancellationToken) => isPartial && ProbeArguments.Decodes(arguments)
            ? throw new PartialVideoException()
            : probe.RunAsync(arguments, video, maxWait, onLine, cancellationToken);
    }
}

/// <summary>
/// A least-recently-used cache of indexes: each segment of a job needs the index again. Limited by memory, because the
/// index of a long video is a thousand times as large as that of a clip.
/// </summary>
internal sealed class VideoIndexCache(IOptions<VideoOptions> options)
{
    private readonly LinkedList<(Key Key, VideoIndex Index)> _byUse = new();
    private readonly Dictionary<Key, Turn> _turns = [];
    private readonly Lock _lock = new();
    private long _bytes;

    /// <summary>Memory of the cached indexes in bytes.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Identifies the content of a file.</summary>
    /// <param name="Path">Canonical path.</param>
    /// <param name="SizeBytes">Length of the file.</param>
    /// <param name="ModifiedAt">Its modification time, UTC.</param>
    /// <param name="IsPartial">Whether the file has only the parts that an index is made of.</param>
    internal sealed record Key(string Path, long SizeBytes, DateTime ModifiedAt, bool IsPartial = false);

    /// <summary>Finds the index of a file and marks it as used; null if it is not cached.</summary>
    public VideoIndex? Find(Key key)
    {
        lock (_lock)
        {
            // For a handful of entries a walk is as fast as a dictionary.
            for (var node = _byUse.First; node is not null; node = node.Next)
            {
                if (node.Value.Key == key)
                {
                    _byUse.Remove(node);
                    _byUse.AddFirst(node);
                    return node.Value.Index;
                }
            }

            return null;
        }
    }

    /// <summary>
    /// Adds an index, and evicts the least recently used ones above a limit. One that is larger than the whole cache is
    /// kept alone: the segments of its job need it anyway, and would take minutes each to read it again. A file that is
    /// already cached stays as it is.
    /// </summary>
    public void Add(Key key, VideoIndex index)
    {
        lock (_lock)
        {
            if (Find(key) is not null)
            {
                return;
            }

            _byUse.AddFirst((key, index));
            _bytes += index.MemoryBytes;
            while (_byUse.Last is { } last
                && (_byUse.Count > options.Value.CachedIndexes
                    || (_byUse.Count > 1 && _bytes > options.Value.CachedIndexBytes)))
            {
                _byUse.RemoveLast();
                _bytes -= last.Value.Index.MemoryBytes;
            }
        }
    }

    /// <summary>
    /// Waits until no other caller reads the index of a file. If that caller fails or is cancelled, the next one reads.
    /// </summary>
    /// <param name="key">The file.</param>
    /// <param name="cancellationToken">Ends the wait of this caller only.</param>
    /// <returns>The turn of this caller; disposing it once lets the next caller read.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IDisposable> TakeTurnAsync(Key key, CancellationToken cancellationToken)
    {
        Turn turn;
        lock (_lock)
        {
            turn = _turns.TryGetValue(key, out var known) ? known : _turns[key] = new Turn(this, key);
            turn.Callers++;
        }

        try
        {
            await turn.Gate.WaitAsync(cancellationToken);
            return turn;
        }
        catch (OperationCanceledException)
        {
            Leave(turn);
            throw;
        }
    }

    private void Leave(Turn turn)
    {
        lock (_lock)
        {
            if (--turn.Callers == 0)
            {
                _ = _turns.Remove(turn.Key);
            }
        }
    }

    /// <summary>The callers that read, or wait to read, the index of one file.</summary>
    private sealed class Turn(VideoIndexCache cache, Key key) : IDisposable
    {
        public Key Key => key;

        /// <summary>Not disposed: it has no wait handle.</summary>
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public int Callers { get; set; }

        public void Dispose()
        {
            _ = Gate.Release();
            cache.Leave(this);
        }
    }
}
