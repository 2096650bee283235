using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>A fake clock that reports which timers were started and how many have fired.</summary>
internal sealed class ObservedTimeProvider() : FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<TimeSpan, int> _started = [];
    private TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _fired;

    /// <summary>Number of timers that have fired.</summary>
    public int Fired => Volatile.Read(ref _fired);

    /// <summary>Returns when timers of this length were started this many times.</summary>
    public async Task TimerStartedAsync(TimeSpan length, int times = 1)
    {
        while (true)
        {
            Task change;
            lock (_lock)
            {
                if (_started.GetValueOrDefault(length) >= times)
                {
                    return;
                }

                change = _change.Task;
            }

            try
            {
                await change.WaitAsync(StartTimeout, TestContext.Current.CancellationToken);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"No timer of {length} was started {times} times; started: {string.Join(", ", _started)}.");
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ObservedTimer(
            this,
            base.CreateTimer(
                value =>
                {
                    Interlocked.Increment(ref _fired);
                    callback(value);
                },
                state, dueTime, period));
        Report(dueTime);
        return timer;
    }

    private void Report(TimeSpan length)
    {
        lock (_lock)
        {
            _started[length] = _started.GetValueOrDefault(length) + 1;
            _change.TrySetResult();
            _change = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private sealed class ObservedTimer(ObservedTimeProvider owner, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = timer.Change(dueTime, period);
            owner.Report(dueTime);
            return changed;
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
