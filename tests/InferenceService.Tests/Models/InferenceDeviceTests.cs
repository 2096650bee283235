using System.ComponentModel.DataAnnotations;
using ForegSyte.Inference.Models;
using ForegSyte.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Inference.Tests.Models;

public sealed class InferenceDeviceTests
{
    private readonly FakeLogger<InferenceDevice> _log = new();

    [Theory]
    [InlineData(DeviceProvider.Cuda, "CUDA")]
    [InlineData(DeviceProvider.TensorRt, "TensorRT")]
    internal void Device_AGpuThatThisBuildLacks_FallsBackWithAWarning(DeviceProvider provider, string named)
    {
        Assert.SkipWhen(HasCuda(), "This build has CUDA.");

        var device = Choose(new DeviceOptions { Provider = provider, ConcurrentRuns = 1, IntraOpThreads = 2 });

        Assert.Equal(ExecutionProvider.Cpu, device.Description.ExecutionProvider);
        Assert.Equal("CPU, 2 threads", device.Description.Description);
        Assert.Contains(named, device.Description.FallbackReason, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("is not enabled in this build", device.Description.FallbackReason, StringComparison.Ordinal);
        var line = Assert.Single(_log.Collector.GetSnapshot());
        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Contains(device.Description.FallbackReason, line.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Device_AutoWithoutAGpu_IsTheCpuWithoutFallback()
    {
        var device = Choose(new DeviceOptions(), Missing);

        Assert.Equal(ExecutionProvider.Cpu, device.Description.ExecutionProvider);
        Assert.Equal("", device.Description.FallbackReason);
        Assert.Equal(LogLevel.Information, Assert.Single(_log.Collector.GetSnapshot()).Level);
    }

    [Theory]
    [InlineData(DeviceProvider.Auto, ExecutionProvider.Cuda, "CUDA device 3")]
    [InlineData(DeviceProvider.Cuda, ExecutionProvider.Cuda, "CUDA device 3")]
    [InlineData(DeviceProvider.TensorRt, ExecutionProvider.Tensorrt, "TensorRT on CUDA device 3")]
    internal void Device_WithAGpu_IsTheRequestedOne(DeviceProvider requested, ExecutionProvider expected,
        string description)
    {
        var appended = new List<(ExecutionProvider, int)>();

        var device = Choose(
            new DeviceOptions { Provider = requested, DeviceIndex = 3, RequireGpu = true },
            (_, provider, device) => appended.Add((provider, device.DeviceIndex)));
        using var options = device.CreateSessionOptions();

        Assert.Equal((expected, description, ""), (
            device.Description.ExecutionProvider, device.Description.Description, device.Description.FallbackReason));
        Assert.Equal([(expected, 3), (expected, 3)], appended);
    }

    [Theory]
    [InlineData(DeviceProvider.Auto)]
    [InlineData(DeviceProvider.Cuda)]
    internal void Device_ARequiredGpuThatIsMissing_StopsTheStart(DeviceProvider requested)
    {
        var failure = Assert.Throws<DeviceUnavailableException>(
            () => Choose(new DeviceOptions { Provider = requested, RequireGpu = true }, Missing));

        Assert.Contains("Device:RequireGpu is true but Cuda cannot be used: no driver.", failure.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Device_TheCpu_IsNeverAFallback()
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
    public void Device_AProviderWithoutAGpu_FallsBack()
    {
        // A CUDA build on a machine without a GPU accepts the provider; only a session fails.
        var device = Choose(
            new DeviceOptions { Provider = DeviceProvider.Cuda },
            (options, provider, _) =>
            {
                if (provider == ExecutionProvider.Cuda)
                {
                    options.AddSessionConfigEntry("session.load_model_format", "ORT");
                }
            });

        Assert.Equal(ExecutionProvider.Cpu, device.Provider);
        Assert.NotEqual("", device.Description.FallbackReason);
    }

    [Fact]
    public void DeviceCheck_OnTheCpu_Computes()
    {
        using var options = new SessionOptions();

        DeviceCheck.Run(options);
    }

    [Fact]
    public void DeviceCheck_SessionCannotBeMade_Throws()
    {
        using var options = new SessionOptions();
        options.AddSessionConfigEntry("session.load_model_format", "ORT");

        Assert.Throws<OnnxRuntimeException>(() => DeviceCheck.Run(options));
    }

    [Fact]
    public void ProviderSettings_Cuda_HaveIndexLimitAndRounding()
    {
        var plain = ProviderSettings.Cuda(new DeviceOptions { DeviceIndex = 2 });
        var limited = ProviderSettings.Cuda(new DeviceOptions { MemoryLimitMebibytes = 6144, Tf32 = false });

        Assert.Equal(("2", "1"), (plain["device_id"], plain["use_tf32"]));
        Assert.DoesNotContain("gpu_mem_limit", plain.Keys);
        Assert.Equal(("6442450944", "kSameAsRequested", "0"), (
            limited["gpu_mem_limit"], limited["arena_extend_strategy"], limited["use_tf32"]));
    }

    [Fact]
    public void ProviderSettings_TensorRt_HaveIndexPrecisionAndCache()
    {
        var plain = ProviderSettings.TensorRt(new DeviceOptions { DeviceIndex = 1 });
        var all = ProviderSettings.TensorRt(new DeviceOptions
        {
            HalfPrecision = true,
            MemoryLimitMebibytes = 1,
            EngineCacheDirectory = "/var/cache/engines",
        });

        Assert.Equal(new Dictionary<string, string> { ["device_id"] = "1", ["trt_fp16_enable"] = "0" }, plain);
        Assert.Equal(("1", "1048576", "1", "/var/cache/engines"), (
            all["trt_fp16_enable"], all["trt_max_workspace_size"], all["trt_engine_cache_enable"],
            all["trt_engine_cache_path"]));
    }

    [Fact]
    public void GpuMemory_NoDriver_IsNull()
    {
        Assert.SkipWhen(File.Exists("/dev/nvidiactl"), "This machine has a GPU.");

        Assert.Null(GpuMemory.Open(0));
    }

    [Theory]
    [InlineData(DeviceProvider.Cpu, 1024, false, "", "MemoryLimitMebibytes")]
    [InlineData(DeviceProvider.Cuda, 0, true, "", "HalfPrecision")]
    [InlineData(DeviceProvider.Auto, 0, false, "/cache", "EngineCacheDirectory")]
    [InlineData(DeviceProvider.TensorRt, 0, true, "cache", "EngineCacheDirectory")]
    [InlineData(DeviceProvider.TensorRt, -1, false, "", "MemoryLimitMebibytes")]
    internal void Options_ThatContradictTheProvider_AreRefused(
        DeviceProvider provider, int memory, bool half, string cache, string named)
    {
        var options = new DeviceOptions
        {
            Provider = provider,
            MemoryLimitMebibytes = memory,
            HalfPrecision = half,
            EngineCacheDirectory = cache,
        };

        var failure = Assert.Throws<ValidationException>(
            () => Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true));

        Assert.Contains(named, failure.ValidationResult.MemberNames);
    }

    [Fact]
    public void Options_TheCpuAndARequiredGpu_ContradictEachOther()
    {
        var options = new DeviceOptions { Provider = DeviceProvider.Cpu, RequireGpu = true };

        Assert.Throws<ValidationException>(
            () => Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true));
    }

    private static void Missing(SessionOptions options, ExecutionProvider provider, DeviceOptions device)
    {
        if (provider != ExecutionProvider.Cpu)
        {
            throw new DllNotFoundException("no driver");
        }
    }

    private static bool HasCuda() => OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider");

    private InferenceDevice Choose(
        DeviceOptions options, Action<SessionOptions, ExecutionProvider, DeviceOptions>? append = null) =>
        new(options, _log, append ?? ExecutionProviders.Append);
}
