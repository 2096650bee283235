using ForegSyte.Hosting.Listening;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Starting;

/// <summary>
/// The moment between two processes of one service: the new one waits until the one before it has let go of what only
/// one can have, and holds the listening sockets meanwhile.
/// </summary>
public sealed class Takeover
{
    /// <summary>Wait between two tries: what callers may notice of the moment at most, if nothing else takes time.
    /// </summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly PreboundListeners _sockets;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal Takeover(PreboundListeners sockets, TimeProvider time, ILogger<Takeover> logger) =>
        (_sockets, _time, _logger) = (sockets, time, logger);

    /// <summary>Tries until it succeeds.</summary>
    /// <param name="tryTake">
    /// One try. Returns null where it succeeded, or why it did not; throws where none ever will.
    /// </param>
    /// <param name="patience">How long to try; zero tries once.</param>
    /// <exception cref="Exception">What the last try returned.</exception>
    public async Task RunAsync(Func<Exception?> tryTake, TimeSpan patience)
    {
        var began = _time.GetTimestamp();
        var isTold = false;
        while (tryTake() is { } refusal)
        {
            if (_time.GetElapsedTime(began) >= patience)
            {
                throw refusal;
            }

            if (!isTold)
            {
                _logger.LogInformation("Waiting up to {Patience} to take over: {Refusal}", patience, refusal.Message);
                isTold = true;
            }

            _sockets.Hold();
            await Task.Delay(Interval, _time);
        }

        if (isTold)
        {
            _logger.LogInformation("Took over after {Elapsed}", _time.GetElapsedTime(began));
        }
    }
}
