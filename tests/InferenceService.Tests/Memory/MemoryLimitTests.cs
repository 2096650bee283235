using ForegSyte.Inference.Memory;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Memory;

public sealed class MemoryLimitTests : IDisposable
{
    private const long Gibibyte = 1L << 30;

    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData(4 * Gibibyte, true, 3 * Gibibyte)]
    [InlineData(16 * Gibibyte, true, 12 * Gibibyte)]
    [InlineData(Gibibyte, true, Gibibyte / 2)]
    [InlineData(24 * Gibibyte, false, 12 * Gibibyte)]
    public void Budget_LeavesMemoryForModelsAndOthers(long bytes, bool isOwn, long budget) =>
        Assert.Equal(budget, new MemoryLimit(bytes, isOwn).Budget);

    [Fact]
    public void Read_NoGroup_IsTheMachine()
    {
        Put("proc/meminfo", "MemTotal:       25165824 kB\nMemFree: 1 kB\n");
        Assert.Equal(new MemoryLimit(24 * Gibibyte, IsOwn: false), MemoryLimit.Read(_root.Path));
    }

    [Fact]
    public void Read_AUnitOfSystemd_IsTheLowestLimitOfItsGroups()
    {
        Put("proc/meminfo", "MemTotal:       25165824 kB\n");
        Put("proc/self/cgroup", "0::/system.slice/foregsyte-inference.service\n");
        Put("sys/fs/cgroup/system.slice/memory.max", "8589934592\n");
        Put("sys/fs/cgroup/system.slice/foregsyte-inference.service/memory.max", "max\n");
        Assert.Equal(new MemoryLimit(8 * Gibibyte, IsOwn: true), MemoryLimit.Read(_root.Path));
    }

    [Theory]
    [InlineData("0::/\n", "sys/fs/cgroup/memory.max")]
    [InlineData("5:cpu,cpuacct:/x\n4:memory:/pod/container\n0::/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes")]
    public void Read_AContainer_IsItsLimit(string groups, string file)
    {
        Put("proc/meminfo", "MemTotal:       25165824 kB\n");
        Put("proc/self/cgroup", groups);
        Put(file, "4294967296\n");
        Assert.Equal(new MemoryLimit(4 * Gibibyte, IsOwn: true), MemoryLimit.Read(_root.Path));
    }

    [Fact]
    public void Read_ALimitAboveTheMachine_IsNone()
    {
        Put("proc/meminfo", "MemTotal:       25165824 kB\n");
        Put("proc/self/cgroup", "4:memory:/\n");
        Put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Assert.Equal(new MemoryLimit(24 * Gibibyte, IsOwn: false), MemoryLimit.Read(_root.Path));
    }

    [Fact]
    public void Read_ThisMachine_IsPositive() => Assert.InRange(MemoryLimit.Read().Budget, 1 << 20, long.MaxValue);

    private void Put(string path, string text)
    {
        var file = _root.File(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
