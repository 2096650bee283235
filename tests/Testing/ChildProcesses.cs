using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ForegSyte.Testing;

/// <summary>Finds processes in /proc.</summary>
public static partial class ChildProcesses
{
    /// <summary>The sandbox program between a service and its decoder.</summary>
    private const string Sandbox = "bwrap";

    /// <summary>
    /// Ids of the processes whose command line contains the path, or names a descriptor of the file.
    /// </summary>
    public static int[] UsingFile(string path) =>
        [.. All()
            .Where(id => id != Environment.ProcessId)
            .Where(id => Text(id, "cmdline") is var line
                && (line.Contains(path, StringComparison.Ordinal)
                    || DescriptorName().Match(line) is { Success: true } match
                    && TargetOf($"/proc/{id}/fd/{match.Groups[1]}") == path))];

    /// <summary>Kills the one decoder of the file, as the kernel does when memory runs out.</summary>
    public static void KillUser(string path)
    {
        using var process = Process.GetProcessById(UsingFile(path).Single(id => NameOf(id) != Sandbox));
        process.Kill();
    }

    /// <summary>Ids of all descendants of a process, without zombies.</summary>
    public static int[] Below(int ancestor)
    {
        var parents = All().Select(id => (Id: id, Parent: RunningParentOf(id))).ToList();
        List<int> found = [ancestor];
        for (var at = 0; at < found.Count; at++)
        {
            found.AddRange(parents.Where(process => process.Parent == found[at]).Select(process => process.Id));
        }

        return [.. found.Skip(1)];
    }

    /// <summary>Whether a process exists and is no zombie.</summary>
    public static bool IsRunning(int id) => RunningParentOf(id) != 0;

    /// <summary>Name of the program, cut to 15 characters; empty if the process has ended.</summary>
    public static string NameOf(int id) => Text(id, "comm").TrimEnd('\n');

    [GeneratedRegex("/proc/self/fd/([0-9]+)")]
    private static partial Regex DescriptorName();

    private static IEnumerable<int> All() =>
        Directory.EnumerateDirectories("/proc").Select(folder => IdOf(Path.GetFileName(folder))).Where(id => id > 0);

    private static int IdOf(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;

    /// <summary>The state and the parent follow the name, which can contain any character (proc(5)).</summary>
    private static int RunningParentOf(int id)
    {
        var text = Text(id, "stat");
        var words = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is [not "Z", var parent, ..] ? IdOf(parent) : 0;
    }

    private static string? TargetOf(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The process has ended.
            return null;
        }
    }

    private static string Text(int id, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/{file}");
        }
        catch (IOException)
        {
            // The process has ended.
            return "";
        }
    }
}
