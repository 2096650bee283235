using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Health;
using ForegSyte.Inference.Memory;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Decodes a good clip to find out whether a failure is the video's or the decoder's. While the decoder fails, the
/// service is not ready, and the test repeats until it passes.
/// </summary>
/// <remarks>
/// The clip, SelfTest.mp4, has a red, a green and a blue frame of 64x64 pixels, the second by reference to both others:
/// <code>
/// ffmpeg -f lavfi -i "color=red:s=64x64:r=10:d=0.1,format=yuv420p[a];color=lime:s=64x64:r=10:d=0.1,format=yuv420p[b];
///   color=blue:s=64x64:r=10:d=0.1,format=yuv420p[c];[a][b][c]concat=n=3" -c:v libx264 -x264-params scenecut=0
///   -bsf:v filter_units=remove_types=6 -movflags +faststart -fflags +bitexact SelfTest.mp4
/// </code>
/// </remarks>
internal sealed class DecoderSelfTest : BackgroundService
{
    /// <summary>Time limit of one test: a decoder that hangs fails it.</summary>
    private static readonly TimeSpan RunTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Largest difference of a colour from its value; the encoder changes it by less than 5.</summary>
    private const int ColourTolerance = 40;

    private static readonly (byte Red, byte Green, byte Blue)[] Colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)];

    private readonly VideoProbe _probe;
    private readonly FrameSource _frames;
    private readonly Readiness _readiness;
    private readonly IOptions<VideoOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger<DecoderSelfTest> _logger;
    private readonly SemaphoreSlim _running = new(1, 1);
    private (int Number, ServiceException? Failure) _last;
    private int _started;

    public DecoderSelfTest(
        DecoderTools tools,
        FrameSource frames,
        Readiness readiness,
        IOptions<VideoOptions> options,
        IOptions<MemoryOptions> memoryOptions,
        TimeProvider time,
        ILogger<DecoderSelfTest> logger,
        ILogger<VideoProbe> probeLogger)
    {
        // A cached index would hide a broken ffprobe.
        var noCache = new VideoIndexCache(Options.Create(new VideoOptions { CachedIndexes = 0 }));
        _probe = new VideoProbe(
            tools, noCache, new MemoryBudget(long.MaxValue), options, memoryOptions, time, probeLogger);
        (_frames, _readiness, _options, _time, _logger) = (frames, readiness, options, time, logger);
    }

    /// <summary>Path of the clip.</summary>
    internal static string ClipPath { get; } = Path.Combine(AppContext.BaseDirectory, "SelfTest.mp4");

    /// <summary>Number of tests that have started.</summary>
    public int StartCount => Volatile.Read(ref _started);

    /// <summary>Throws while the decoder fails the test.</summary>
    /// <exception cref="ServiceException">DECODER_UNAVAILABLE.</exception>
    public void ThrowIfFailing()
    {
        if (Volatile.Read(ref _last.Failure) is { } failure)
        {
            throw Unavailable(failure);
        }
    }

    /// <summary>
    /// Whether a failure blames the video, or ends a decoder, in a way that a broken decoder does too.
    /// </summary>
    public static bool Concerns(ServiceException failure) =>
        !failure.Metadata.ContainsKey("codec")
        && (failure.Reason is ErrorReason.UndecodableVideo or ErrorReason.NotAnMp4 or ErrorReason.TruncatedMp4
            or ErrorReason.NoVideoTrack or ErrorReason.NoFrames or ErrorReason.DecoderLost
        || failure.Reason == ErrorReason.VideoLimitExceeded
            && failure.Metadata.GetValueOrDefault("option")
                is $"{VideoOptions.Section}:{nameof(VideoOptions.ProcessMemoryMebibytes)}"
                or MemoryOptions.HeadroomOption);

    /// <summary>
    /// Tests the decoder after a failure that <see cref="Concerns"/> says may be its own.
    /// </summary>
    /// <returns>The failure, if the decoder is good; otherwise DECODER_UNAVAILABLE.</returns>
    public async Task<ServiceException> JudgeAsync(ServiceException failure, CancellationToken cancellationToken)
    {
        // Only a test that began after the failure counts; concurrent calls share it.
        var startedBefore = StartCount;
        await _running.WaitAsync(cancellationToken);
        try
        {
            if (_last.Number <= startedBefore)
            {
                await RunAsync(cancellationToken);
            }

            return _last.Failure is { } own ? Unavailable(own) : failure;
        }
        finally
        {
            _running.Release();
        }
    }

    /// <summary>Tests the decoder. If it fails, the service is not ready until a later test passes.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        await _running.WaitAsync(cancellationToken);
        try
        {
            await RunAsync(cancellationToken);
        }
        finally
        {
            _running.Release();
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _running.Dispose();
        base.Dispose();
    }

    /// <summary>Repeats a test that failed.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_options.Value.SelfTestInterval, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (Volatile.Read(ref _last.Failure) is not null)
            {
                await CheckAsync(stoppingToken);
            }
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _started);
        var failure = await FindFailureAsync(cancellationToken);
        var wasFailing = _last.Failure is not null;
        _last = (number, failure);
        if (failure is not null)
        {
            _readiness.Suspend("The decoder fails its self-test.");
            if (!wasFailing)
            {
                _logger.LogError(
                    "Decoder self-test failed: calls get DECODER_UNAVAILABLE until it passes. {Reason}: {Problem} "
                    + "{Output}",
                    failure.ReasonText, failure.Message, failure.LastWords);
            }
        }
        else if (wasFailing)
        {
            _readiness.Resume();
            _logger.LogInformation("Decoder self-test passed again: the service is ready");
        }
    }

    private async Task<ServiceException?> FindFailureAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(RunTimeout, _time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var clip = VideoFile.Open(ClipPath);
            var index = await _probe.ReadAsync(clip, ending.Token);

            // The clip is too small to wait for memory.
            using var share = new SegmentShare(_frames.MemoryOf(index, null, 1, DecodeSize.Native, 1, 0)[^1]);
            var shown = new List<bool>();
            await foreach (var frame in _frames.ReadAsync(
                clip, index, null, 1, 0, DecodeSize.Native, new DecodeMeter(), share, ending.Token))
            {
                using (frame)
                {
                    shown.Add(frame.Index < Colours.Length && Shows(frame, Colours[frame.Index]));
                }
            }

            return shown.Count == Colours.Length && shown.All(isRight => isRight)
                ? null
                : VideoFailures.DecoderLost(FormattableString.Invariant(
                    $"it decoded {shown.Count(isRight => isRight)} of {Colours.Length} frames rightly."));
        }
        catch (ServiceException failure)
        {
            return failure;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return VideoFailures.DecoderLost(FormattableString.Invariant(
                $"it did not decode 3 frames within {RunTimeout.TotalSeconds} s."));
        }
    }

    /// <summary>Whether the pixel in the middle has the colour.</summary>
    private static bool Shows(Frame frame, (byte Red, byte Green, byte Blue) colour)
    {
        var middle = (((frame.Height / 2) * frame.Width) + (frame.Width / 2)) * Frame.BytesPerPixel;
        var pixel = frame.Pixels.Span.Slice(middle, Frame.BytesPerPixel);
        return Math.Abs(pixel[0] - colour.Red) <= ColourTolerance
            && Math.Abs(pixel[1] - colour.Green) <= ColourTolerance
            && Math.Abs(pixel[2] - colour.Blue) <= ColourTolerance;
    }

    private ServiceException Unavailable(ServiceException failure) =>
        VideoFailures.DecoderUnavailable(failure, _options.Value.SelfTestInterval);
}
