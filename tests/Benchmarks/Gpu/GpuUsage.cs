using System.Globalization;
using CliWrap;

namespace ForegSyte.Benchmarks.Gpu;

/// <summary>Samples the utilization of a GPU with nvidia-smi.</summary>
internal sealed class GpuUsage : IAsyncDisposable
{
    private const string SampleMilliseconds = "200";

    private readonly CancellationTokenSource _end = new();
    private readonly List<double> _percent = [];
    private readonly Task _sampling;

    /// <param name="deviceIndex">Index of the GPU in nvidia-smi.</param>
    public GpuUsage(int deviceIndex) => _sampling = SampleAsync(deviceIndex);

    /// <summary>Mean utilization so far, in percent; null without samples.</summary>
    public double? Mean
    {
        get
        {
            lock (_percent)
            {
                return _percent.Count > 0 ? _percent.Average() : null;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _sampling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task SampleAsync(int deviceIndex) =>
        await Cli.Wrap("nvidia-smi")
            .WithArguments(
            [
                "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits",
                "-i", deviceIndex.ToString(CultureInfo.InvariantCulture), "-lms", SampleMilliseconds,
            ])
            .WithValidation(CommandResultValidation.None)
            .WithStandardOutputPipe(PipeTarget.ToDelegate(Add))
            .ExecuteAsync(_end.Token);

    private void Add(string line)
    {
        if (double.TryParse(line.Trim(), CultureInfo.InvariantCulture, out var percent))
        {
            lock (_percent)
            {
                _percent.Add(percent);
            }
        }
    }
}
