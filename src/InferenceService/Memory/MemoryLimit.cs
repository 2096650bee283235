using System.Globalization;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Memory;

/// <summary>The memory that the service may use: the limit of its cgroup, or all memory of the machine.</summary>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="IsOwn">Whether a cgroup gives it to this service; otherwise other programs share the machine.</param>
internal readonly record struct MemoryLimit(long Bytes, bool IsOwn)
{
    private const long Gibibyte = 1L << 30;

    /// <summary>
    /// The default of <see cref="MemoryOptions.BudgetBytes"/>. Of its own memory the service keeps a quarter, but at
    /// least 1 GiB (half of less than 2 GiB), for models and itself; of a shared machine the budget is half.
    /// </summary>
    public long Budget => IsOwn ? Bytes - Math.Max(Bytes / 4, Math.Min(Gibibyte, Bytes / 2)) : Bytes / 2;

    /// <summary>Reads the limit of this process (cgroup version 1 and 2).</summary>
    /// <param name="root">Root of the file system; tests have their own.</param>
    public static MemoryLimit Read(string root = "/")
    {
        var machine = OfMachine(root) ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var group = OfGroups(root).DefaultIfEmpty(long.MaxValue).Min();
        return group < machine ? new MemoryLimit(group, IsOwn: true) : new MemoryLimit(machine, IsOwn: false);
    }

    /// <summary>
    /// The limits of the group and of all groups around it. In a container the paths of the host do not exist, and the
    /// group is the root of the mount.
    /// </summary>
    private static IEnumerable<long> OfGroups(string root) =>
        from line in Lines(Path.Join(root, "proc/self/cgroup"))
        let fields = line.Split(':', 3)
        where fields.Length == 3
        let isUnified = fields[0] == "0"
        where isUnified || fields[1].Split(',').Contains("memory")
        from folder in Ancestors(fields[2])
        from text in Lines(isUnified
            ? Path.Join(root, "sys/fs/cgroup", folder, "memory.max")
            : Path.Join(root, "sys/fs/cgroup/memory", folder, "memory.limit_in_bytes")).Take(1)
        where long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        select long.Parse(text, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Ancestors(string group)
    {
        for (var folder = group; folder.Length > 1; folder = Path.GetDirectoryName(folder) ?? "")
        {
            yield return folder;
        }

        yield return "";
    }

    private static long? OfMachine(string root)
    {
        var total = Lines(Path.Join(root, "proc/meminfo"))
            .FirstOrDefault(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        return total?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, ..]
            && long.TryParse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number * 1024
            : null;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

/// <summary>Replaces a budget of 0 by the one that the memory of the service allows.</summary>
internal sealed class DefaultBudget : IPostConfigureOptions<MemoryOptions>
{
    /// <inheritdoc />
    public void PostConfigure(string? name, MemoryOptions options)
    {
        if (options.BudgetBytes == 0)
        {
            options.BudgetBytes = MemoryLimit.Read().Budget;
        }
    }
}
