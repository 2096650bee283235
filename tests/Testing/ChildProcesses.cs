using System.Diagnostics;
using System.Globalization;

namespace ForegSyte.Testing;

/// <summary>Processes that work on a file or for a service, found in /proc.</summary>
public static class ChildProcesses
{
    /// <summary>The programs that confine a decoder stand between it and the service.</summary>
    private const string Sandbox = "bwrap";

    /// <summary>Ids of the running processes that name the file in their command line.</summary>
    public static int[] UsingFile(string path) =>
        [.. All()
            .Where(id => id != Environment.ProcessId)
            .Where(id => Text(id, "cmdline").Contains(path, StringComparison.Ordinal))];

    /// <summary>Kills the one decoder that works on the file, as the kernel does when memory runs out.</summary>
    public static void KillUser(string path)
    {
        using var process = Process.GetProcessById(UsingFile(path).Single(id => NameOf(id) != Sandbox));
        process.Kill();
    }

    /// <summary>
    /// Ids of all running processes below one: children, theirs, and so on. What has ended and waits to be reaped does
    /// not count.
    /// </summary>
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

    /// <summary>Name of the program, cut to 15 characters; empty where it has ended.</summary>
    public static string NameOf(int id) => Text(id, "comm").TrimEnd('\n');

    private static IEnumerable<int> All() =>
        Directory.EnumerateDirectories("/proc").Select(folder => IdOf(Path.GetFileName(folder))).Where(id => id > 0);

    private static int IdOf(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;

    /// <summary>After the name, which may hold anything, come the state and the parent (proc(5)).</summary>
    private static int RunningParentOf(int id)
    {
        var text = Text(id, "stat");
        var words = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is [not "Z", var parent, ..] ? IdOf(parent) : 0;
    }

    private static string Text(int id, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/{file}");
        }
        catch (IOException)
        {
            // It ended in between.
            return "";
        }
    }
}
