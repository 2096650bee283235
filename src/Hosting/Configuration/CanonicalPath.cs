namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// Resolves a path to its one canonical spelling: absolute, without "." and "..", with every symbolic link resolved.
/// .NET itself resolves only a link at the end of a path.
/// </summary>
/// <remarks>
/// DuckDB identifies an open database by the spelling of its path: two spellings in one process create two instances
/// that overwrite each other's data without an error.
/// </remarks>
public static class CanonicalPath
{
    /// <summary>Maximum number of links, as in Linux (ELOOP).</summary>
    private const int MaxLinks = 40;

    /// <summary>Resolves a path; a part that does not exist stays as it is.</summary>
    /// <exception cref="IOException">The links form a cycle.</exception>
    public static string Resolve(string path)
    {
        var links = 0;
        var pending = new Stack<string>();
        Push(pending, Path.GetFullPath(path));
        var resolved = Path.GetPathRoot(Path.GetFullPath(path))!;
        while (pending.TryPop(out var name))
        {
            if (name == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? resolved;
                continue;
            }

            var next = Path.Combine(resolved, name);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }

            if (++links > MaxLinks)
            {
                throw new IOException($"{path} contains more than {MaxLinks} symbolic links.");
            }

            if (Path.IsPathRooted(target))
            {
                resolved = Path.GetPathRoot(target)!;
            }

            Push(pending, target);
        }

        return resolved;
    }

    /// <summary>Whether a canonical path is a canonical folder or lies below it.</summary>
    public static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static void Push(Stack<string> pending, string path)
    {
        char[] separators = [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar];
        var names =
            path[(Path.GetPathRoot(path)?.Length ?? 0)..].Split(separators, StringSplitOptions.RemoveEmptyEntries);
        foreach (var name in names.Reverse().Where(name => name != "."))
        {
            pending.Push(name);
        }
    }
}
