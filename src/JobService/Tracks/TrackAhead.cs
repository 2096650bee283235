using System.Collections.Concurrent;
using System.Threading.Channels;
using ForegSyte.Inference.V1;

namespace ForegSyte.Jobs.Tracks;

/// <summary>
/// Follows the tracks of a running job while its segments finish, so that the completion of a long job need not wait
/// for it. It reads one segment at a time. A segment that cannot be read stops it; whoever completes the job goes on
/// from there.
/// </summary>
internal sealed class TrackAhead : IAsyncDisposable
{
    private readonly Func<Segment, CancellationToken, ValueTask<RunPipelineResponse?>> _read;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _ending;
    private readonly ConcurrentDictionary<int, Segment> _stored = new();
    private readonly Channel<bool> _signal =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Task _running;
    private JobTracks? _tracks;

    /// <summary>Starts with no segments.</summary>
    /// <param name="tracks">Gets the segments; owned by this object until <see cref="TakeAsync"/>.</param>
    /// <param name="read">Reads a stored segment; null if it is missing or damaged.</param>
    /// <param name="logger">Gets the reason why it stopped.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public TrackAhead(
        JobTracks tracks, Func<Segment, CancellationToken, ValueTask<RunPipelineResponse?>> read, ILogger logger,
        CancellationToken cancellationToken)
    {
        (_tracks, _read, _logger) = (tracks, read, logger);
        _ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _running = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Says that a segment is stored. Thread-safe.</summary>
    public void Add(Segment segment)
    {
        _stored[segment.Number] = segment;
        _signal.Writer.TryWrite(true);
    }

    /// <summary>
    /// Follows the segments that were added, up to the first missing one, and stops. Returns the tracks, which the
    /// caller owns from then on; null if following failed, so that it must begin again.
    /// </summary>
    public async Task<JobTracks?> TakeAsync()
    {
        _signal.Writer.TryComplete();
        await _running;
        return Interlocked.Exchange(ref _tracks, null);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        if (await TakeAsync() is { } tracks)
        {
            await tracks.DisposeAsync();
        }

        _ending.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (var _ in _signal.Reader.ReadAllAsync(_ending.Token))
            {
                while (!_tracks!.IsDone && _stored.TryRemove(_tracks.SegmentCount, out var next))
                {
                    if (await _read(next, _ending.Token) is not { } segment)
                    {
                        return;
                    }

                    await _tracks.AddAsync(next, segment, _ending.Token);
                }
            }
        }
        catch (Exception failure)
        {
            if (!_ending.IsCancellationRequested)
            {
                _logger.LogWarning(failure, "Tracking during the job failed; it runs when the job completes");
            }

            await _tracks!.DisposeAsync();
            _tracks = null;
        }
    }
}
