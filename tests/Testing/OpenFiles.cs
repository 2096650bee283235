using System.Runtime.InteropServices;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>How many files and sockets this process may have open.</summary>
public static partial class OpenFiles
{
    private const int NumberOfFiles = 7;

    /// <summary>Skips the test, visibly, where the limit is lower than what it opens.</summary>
    public static void SkipUnless(long count)
    {
        Assert.Equal(0, GetLimit(NumberOfFiles, out var limit));
        Assert.SkipUnless(
            limit.Soft >= (ulong)count,
            $"This needs {count} open files, the limit is {limit.Soft}: ulimit -n {count}.");
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
