using System.Diagnostics;
using System.Globalization;

namespace ForegSyte.Testing;

/// <summary>Processes that work on a file, found in /proc.</summary>
public static class ChildProcesses
{
    /// <summary>Ids of the running processes that name the file in their command line.</summary>
    public static int[] UsingFile(string path) =>
        [.. Directory.EnumerateDirectories("/proc")
            .Select(
                folder =>
                    int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                        ? id
                        : 0)
            .Where(
                id =>
                    id > 0 && id != Environment.ProcessId && CommandLine(id).Contains(path, StringComparison.Ordinal))];

    /// <summary>Kills the one process that names the file, as the kernel does when memory runs out.</summary>
    public static void KillUser(string path)
    {
        using var process = Process.GetProcessById(UsingFile(path).Single());
        process.Kill();
    }

    private static string CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            // It ended in between.
            return "";
        }
    }
}
