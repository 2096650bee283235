using ForegSyte.Inference.V1;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

/// <summary>What a job collects from the responses to its segments.</summary>
public sealed class DeviceListTests
{
    private static readonly Device Cpu = new() { ExecutionProvider = ExecutionProvider.Cpu, Description = "CPU" };
    private static readonly Device Gpu = new() { ExecutionProvider = ExecutionProvider.Cuda, Description = "GPU" };

    [Fact]
    public void With_Devices_HasEachOnceInTheirOrder()
    {
        var devices = DeviceList.Empty.With(Gpu).With(Cpu).With(Gpu.Clone()).With(null);

        Assert.Equal([Gpu, Cpu], devices);
        Assert.Equal((2, Cpu), (devices.Count, devices[1]));
        Assert.Same(devices, devices.With(Cpu.Clone()));
        Assert.Same(devices, devices.With(null));
        Assert.Empty(DeviceList.Empty);
    }

    [Fact]
    public void Equals_Lists_ComparesDevicesAndTheirOrder()
    {
        var devices = new DeviceList([Gpu, Cpu]);

        Assert.True(devices.Equals(new DeviceList([Gpu.Clone(), Cpu.Clone()])), "Equal lists differ.");
        Assert.Equal(devices.GetHashCode(), new DeviceList([Gpu.Clone(), Cpu.Clone()]).GetHashCode());
        Assert.False(devices.Equals(new DeviceList([Cpu, Gpu])), "The order does not count.");
        Assert.False(devices.Equals(new DeviceList([Gpu])), "The number does not count.");
        Assert.False(devices.Equals(null), "A list equals null.");
        Assert.False(devices.Equals("text"), "A list equals a text.");
    }

    [Fact]
    public void Common_PipelineVersionOfAllResults_IsNullIfTheyDifferOrOneIsUnknown()
    {
        Assert.Null(VersionOf());
        Assert.Equal("a", VersionOf(("a", 1), ("a", 2)));
        Assert.Equal("a", VersionOf(("a", 1), ("b", 0), ("", 0)));
        Assert.Null(VersionOf(("a", 1), ("b", 1)));
        Assert.Null(VersionOf(("a", 1), ("A", 1)));
        Assert.Null(VersionOf(("a", 1), ("", 1)));
        Assert.Null(VersionOf(("", 1)));

        static string? VersionOf(params (string Version, int Results)[] segments)
        {
            var versions = new PipelineVersions();
            foreach (var (version, results) in segments)
            {
                versions.Add(new RunPipelineResponse
                {
                    PipelineVersion = version,
                    Results = { Enumerable.Range(0, results).Select(index => new FrameResult { FrameIndex = index }) },
                });
            }

            return versions.Common;
        }
    }
}
