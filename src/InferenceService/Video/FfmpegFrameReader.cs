using System.Threading.Channels;
using ForegSyte.Inference.Memory;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Reads one running ffmpeg frame by frame: the n-th frame on its output belongs to the n-th timestamp on its error
/// output.
/// </summary>
internal sealed class FfmpegFrameReader : IAsyncDisposable
{
    /// <summary>
    /// Number of timestamps without a frame above which the error output is read no further, so that FFmpeg waits. It
    /// cannot wait forever: it writes each frame at once (-flush_packets), so that the frames of these timestamps are
    /// already in the pipe or follow before the next timestamp.
    /// </summary>
    private const int MaxPendingTimestamps = 1024;

    /// <summary>Maximum number of kept timestamps; one read of the error output brings some hundred.</summary>
    private const int MaxTimestamps = 4 * MaxPendingTimestamps;

    private readonly Channel<TimestampLine> _timestamps = Channel.CreateUnbounded<TimestampLine>(
        new UnboundedChannelOptions { SingleWriter = true });

    private readonly HevcPictures? _hevc;
    private readonly FrameMatcher _matcher;
    private readonly VideoIndex _index;
    private readonly ChildProcess _process;
    private readonly Task _timestampsEnd;
    private readonly Lock _lock = new();
    private TaskCompletionSource? _room;
    private bool _isEnding;
    private int _complaints;
    private int _complaintsBeforeFrame;
    private int _forgiven;

    /// <param name="command">The command of ffmpeg.</param>
    /// <param name="index">The video.</param>
    /// <param name="threads">Number of threads of the decoder.</param>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: ffmpeg cannot start.</exception>
    public FfmpegFrameReader(ChildCommand command, VideoIndex index, int threads)
    {
        _hevc = FfmpegArguments.TellsPictures(index) ? new HevcPictures(threads + 1) : null;
        (_index, _matcher) = (index, new FrameMatcher(index));
        _process = ChildProcess.Start(command, TakeLine, WaitForRoomAsync);
        _timestampsEnd = EndTimestampsAsync();
    }

    /// <summary>The last lines of the error output that are not timestamps.</summary>
    public LogTail Tail { get; } = new();

    /// <summary>
    /// Whether the decoder has complained of damage, except for the messages before <see cref="Forgive"/>. It runs
    /// ahead of the frames that were read.
    /// </summary>
    public bool HasComplained => Volatile.Read(ref _complaints) > _forgiven;

    /// <summary>Whether the decoder complained before it delivered the last frame that was read.</summary>
    public bool HasComplainedBeforeFrame => _complaintsBeforeFrame > _forgiven;

    public int ProcessId => _process.Id;

    /// <summary>Kills the process.</summary>
    public void Kill()
    {
        _process.Kill();
        ReadToEnd();
    }

    /// <inheritdoc cref="ChildProcess.WaitForExitAsync" />
    public Task<int> WaitForExitAsync()
    {
        ReadToEnd();
        return _process.WaitForExitAsync();
    }

    /// <summary>Reads the next frame that the container lists; null at the end of the output.</summary>
    /// <param name="size">Size of its frames as they leave the decoder.</param>
    /// <param name="buffers">Buffers for the frames.</param>
    /// <param name="cancellationToken">
    /// Does not stop the read; a caller that cancels it must also call <see cref="Kill"/>, which does. The token makes
    /// the difference between a cancelled read and the end of the output.
    /// </param>
    public async Task<Frame?> ReadAsync(FrameSize size, PixelBuffers buffers, CancellationToken cancellationToken)
    {
        while (true)
        {
            // FFmpeg writes the timestamp first. It gives the index of the frame, so that the pixels can go straight
            // into the frame's own buffer.
            if (!await _timestamps.Reader.WaitToReadAsync(CancellationToken.None))
            {
                cancellationToken.ThrowIfCancellationRequested();
                return null;
            }

            var timestamp = await _timestamps.Reader.ReadAsync(CancellationToken.None);
            MakeRoom();
            _complaintsBeforeFrame = timestamp.ComplaintsBefore;
            var frameIndex = _matcher.Next(timestamp.Frame);
            var frame = new Frame(
                frameIndex ?? 0,
                frameIndex is { } shown ? _index.TimestampMs(shown) : 0u,
                size,
                _index.Info.Width,
                _index.Info.Height,
                buffers);
            if (!await FillAsync(frame))
            {
                cancellationToken.ThrowIfCancellationRequested();
                return null;
            }

            if (frameIndex is not null)
            {
                return frame;
            }

            // The container does not list this frame, so it has no index in the results.
            frame.Dispose();
        }
    }

    /// <summary>Ignores the complaints before the last frame that was read: they concern no wanted frame.</summary>
    public void Forgive() => _forgiven = _complaintsBeforeFrame;

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        ReadToEnd();
        await _process.DisposeAsync();
        await _timestampsEnd;
    }

    /// <summary>Reads the pixels of a frame; disposes it if they are not complete.</summary>
    private async Task<bool> FillAsync(Frame frame)
    {
        var isComplete = false;
        try
        {
            var pixels = frame.Pixels;
            var read = await _process.Output.ReadAtLeastAsync(pixels, pixels.Length, throwOnEndOfStream: false);
            return isComplete = read == pixels.Length;
        }
        finally
        {
            if (!isComplete)
            {
                frame.Dispose();
            }
        }
    }

    private bool TakeLine(ReadOnlyMemory<char> line)
    {
        // One line may have a frame and, before or behind it, a complaint of another thread.
        var isComplaint = DecoderComplaint.Is(line.Span);
        CountComplaint(isComplaint || _hevc?.Take(line.Span) > 0);
        if (!ShowInfoLine.TryRead(line.Span, out var frame))
        {
            CountComplaint(DecoderComplaint.IsBehindFrame(line.Span));
            return _hevc is not null && IsForDebugging(line.Span) || Tail.Take(line);
        }

        if (isComplaint)
        {
            Tail.Add(line);
        }

        // More timestamps than this come only after the end of the frames, and then nobody reads them.
        var isTaken = _timestamps.Reader.Count >= MaxTimestamps
            || _timestamps.Writer.TryWrite(new TimestampLine(frame, _complaints));
        CountComplaint(DecoderComplaint.IsBehindFrame(line.Span));
        return isTaken;
    }

    private static bool IsForDebugging(ReadOnlySpan<char> line) =>
        line.Contains("[debug]", StringComparison.Ordinal) || line.Contains("[verbose]", StringComparison.Ordinal);

    private void CountComplaint(bool isOne)
    {
        if (isOne)
        {
            Volatile.Write(ref _complaints, _complaints + 1);
        }
    }

    private Task WaitForRoomAsync()
    {
        lock (_lock)
        {
            if (_isEnding || _timestamps.Reader.Count < MaxPendingTimestamps)
            {
                return Task.CompletedTask;
            }

            _room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    private void MakeRoom()
    {
        lock (_lock)
        {
            if (_timestamps.Reader.Count < MaxPendingTimestamps)
            {
                _room?.TrySetResult();
                _room = null;
            }
        }
    }

    /// <summary>Ends the waiting for room: the process has ended or is about to, and its last words count.</summary>
    private void ReadToEnd()
    {
        lock (_lock)
        {
            _isEnding = true;
            _room?.TrySetResult();
            _room = null;
        }
    }

    private async Task EndTimestampsAsync()
    {
        await _process.ErrorOutput;
        CountComplaint(_hevc?.End() > 0);
        _timestamps.Writer.Complete();
    }

    private readonly record struct TimestampLine(ShowInfoLine Frame, int ComplaintsBefore);
}
