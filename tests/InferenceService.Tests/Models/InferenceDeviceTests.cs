using System.ComponentModel.DataAnnotations;
using ForegSyte.Inference.Models;
using ForegSyte.V1;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Inference.Tests.Models;

public sealed class InferenceDeviceTests
{
    private readonly RecordingLogger _log = new();

    [Theory]
    [InlineData(DeviceProvider.Cuda, "CUDA")]
    [InlineData(DeviceProvider.TensorRt, "TensorRT")]
    internal void Device_AGpuAskedOfThisBuild_FallsBackLoudly(DeviceProvider provider, string named)
    {
        Assert.SkipWhen(HasCuda(), "This build has CUDA.");

        var device = Choose(new DeviceOptions { Provider = provider, ConcurrentRuns = 1, IntraOpThreads = 2 });

        Assert.Equal(ExecutionProvider.Cpu, device.Description.ExecutionProvider);
        Assert.Equal("CPU, 2 threads", device.Description.Description);
        Assert.Contains(named, device.Description.FallbackReason, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("is not enabled in this build", device.Description.FallbackReason, StringComparison.Ordinal);
        var (level, message) = Assert.Single(_log.Lines);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains(device.Description.FallbackReason, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Device_AutoWithoutAGpu_IsTheCpuAndNoFallBack()
    {
        var device = Choose(new DeviceOptions(), Missing);

        Assert.Equal(ExecutionProvider.Cpu, device.Description.ExecutionProvider);
        Assert.Equal("", device.Description.FallbackReason);
        Assert.Equal(LogLevel.Information, Assert.Single(_log.Lines).Level);
    }

    [Theory]
    [InlineData(DeviceProvider.Auto, ExecutionProvider.Cuda, "CUDA device 3")]
    [InlineData(DeviceProvider.Cuda, ExecutionProvider.Cuda, "CUDA device 3")]
    [InlineData(DeviceProvider.TensorRt, ExecutionProvider.Tensorrt, "TensorRT on CUDA device 3")]
    internal void Device_WithAGpu_IsWhatWasAskedFor(DeviceProvider asked, ExecutionProvider expected,
        string description)
    {
        var appended = new List<(ExecutionProvider, int)>();

        var device = Choose(
            new DeviceOptions { Provider = asked, DeviceIndex = 3, RequireGpu = true },
            (_, provider, index) => appended.Add((provider, index)));
        using var options = device.CreateSessionOptions();

        Assert.Equal((expected, description, ""), (
            device.Description.ExecutionProvider, device.Description.Description, device.Description.FallbackReason));
        Assert.Equal([(expected, 3), (expected, 3)], appended);
    }

    [Theory]
    [InlineData(DeviceProvider.Auto)]
    [InlineData(DeviceProvider.Cuda)]
    internal void Device_ARequiredGpuThatIsMissing_StopsTheStart(DeviceProvider asked)
    {
        var failure = Assert.Throws<DeviceUnavailableException>(
            () => Choose(new DeviceOptions { Provider = asked, RequireGpu = true }, Missing));

        Assert.Contains("Device:RequireGpu is set and Cuda cannot be used: no driver.", failure.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Device_TheCpu_IsNeverAFallBack()
    {
        var device = Choose(new DeviceOptions
        {
            Provider = DeviceProvider.Cpu,
            ConcurrentRuns = 3,
            IntraOpThreads = 1,
        });

        Assert.Equal(("CPU, 3 frames at once, each on 1 thread", ""),
            (device.Description.Description, device.Description.FallbackReason));
    }

    [Fact]
    public void Options_TheCpuAndARequiredGpu_ContradictEachOther()
    {
        var options = new DeviceOptions { Provider = DeviceProvider.Cpu, RequireGpu = true };

        Assert.Throws<ValidationException>(
            () => Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true));
    }

    private static void Missing(SessionOptions options, ExecutionProvider provider, int index)
    {
        if (provider != ExecutionProvider.Cpu)
        {
            throw new DllNotFoundException("no driver");
        }
    }

    private static bool HasCuda() => OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider");

    private InferenceDevice Choose(
        DeviceOptions options, Action<SessionOptions, ExecutionProvider, int>? append = null) =>
        new(options, _log, append ?? ExecutionProviders.Append);

    private sealed class RecordingLogger : ILogger<InferenceDevice>
    {
        public List<(LogLevel Level, string Message)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Add((logLevel, formatter(state, exception)));
    }
}
