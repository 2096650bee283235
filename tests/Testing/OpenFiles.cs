using System.Runtime.InteropServices;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>The limit on open files of this process.</summary>
public static partial class OpenFiles
{
    private const int NumberOfFiles = 7;

    /// <summary>Skips the test if the limit is too low.</summary>
    public static void SkipUnless(long count)
    {
        Assert.Equal(0, GetLimit(NumberOfFiles, out var limit));
        Assert.SkipUnless(
            limit.Soft >= (ulong)count,
            $"The test needs {count} open files and the limit is {limit.Soft}; run `ulimit -n {count}` first.");
    }

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        public readonly ulong Soft;
        public readonly ulong Hard;
    }
}
