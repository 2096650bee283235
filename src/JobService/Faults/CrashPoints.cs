using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Faults;

/// <summary>
/// Ends the process at a named point where the options ask for it (SIGKILL to itself: nothing is flushed, no handler
/// runs). Without that, passing a point costs a comparison.
/// </summary>
internal sealed class CrashPoints
{
    private readonly CrashPoint? _crashAt;
    private int _passingsLeft;

    public CrashPoints(IOptions<FaultOptions> options, ILogger<CrashPoints> logger)
    {
        _crashAt = options.Value.CrashAt;
        _passingsLeft = options.Value.CrashAtPassing;
        if (_crashAt is { } point)
        {
            logger.LogWarning("This process ends itself at {Point}, passing {Passing}", point, _passingsLeft);
        }
    }

    /// <summary>Points that never end anything.</summary>
    public static CrashPoints None { get; } =
        new(Options.Create(new FaultOptions()), NullLogger<CrashPoints>.Instance);

    /// <summary>Ends the process if this is the passing that was asked for.</summary>
    public void Pass(CrashPoint point)
    {
        if (point == _crashAt && Interlocked.Decrement(ref _passingsLeft) == 0)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
        }
    }
}
