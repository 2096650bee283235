using System.Globalization;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Fairness;

/// <summary>Memory of the services in MiB.</summary>
/// <param name="Inference">The InferenceService and its decoders.</param>
/// <param name="Jobs">The JobService.</param>
internal readonly record struct ServiceMemory(double Inference, double Jobs)
{
    /// <summary>The larger value of each service.</summary>
    public ServiceMemory Max(ServiceMemory other) =>
        new(Math.Max(Inference, other.Inference), Math.Max(Jobs, other.Jobs));
}

/// <summary>
/// Samples the memory of both services: anonymous and shared memory, which the kernel cannot take back as it can pages
/// of files, and of which no page counts twice.
/// </summary>
internal sealed class MemoryWatch : IAsyncDisposable
{
    private const double KibibytesPerMebibyte = 1024;

    /// <summary>Below this the attack ends, to protect the machine.</summary>
    private const double LowestAvailable = 1024;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(150);

    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _exhausted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _inferenceService;
    private readonly int _jobService;
    private readonly Task _watching;

    public MemoryWatch(int inferenceService, int jobService)
    {
        (_inferenceService, _jobService) = (inferenceService, jobService);
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>The highest memory so far.</summary>
    public ServiceMemory Peak { get; private set; }

    /// <summary>Completes when the machine runs out of memory.</summary>
    public Task Exhausted => _exhausted.Task;

    /// <summary>The present memory.</summary>
    public ServiceMemory Now() => new(
        ChildProcesses.Below(_inferenceService).Append(_inferenceService).Sum(OfProcess), OfProcess(_jobService));

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watching;
        _end.Dispose();
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Interval, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(_end.Token))
            {
                Peak = Peak.Max(Now());
                if (Sum("/proc/meminfo", "MemAvailable:") < LowestAvailable)
                {
                    _exhausted.TrySetResult();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    /// <summary>Memory of a process; 0 if it has ended.</summary>
    private static double OfProcess(int id)
    {
        try
        {
            return Sum(FormattableString.Invariant($"/proc/{id}/status"), "RssAnon:", "RssShmem:");
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Sum of these lines of a file in /proc.</summary>
    private static double Sum(string path, params string[] names) =>
        File.ReadLines(path)
            .Where(line => names.Any(name => line.StartsWith(name, StringComparison.Ordinal)))
            .Sum(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
                NumberStyles.None, CultureInfo.InvariantCulture)) / KibibytesPerMebibyte;
}
