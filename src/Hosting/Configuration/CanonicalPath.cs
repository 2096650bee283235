namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// The one spelling of a path: absolute, without "." and "..", every symbolic link on the way resolved. .NET itself
/// resolves only a link at the end of a path.
/// </summary>
public static class CanonicalPath
{
    /// <summary>As many links as Linux follows before it answers ELOOP.</summary>
    private const int MaxLinks = 40;

    /// <summary>Resolves a path; the part of it that does not exist is kept as it is.</summary>
    /// <param name="path">Absolute path.</param>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public static string Resolve(string path)
    {
        var remaining = new Stack<string>();
        Push(remaining, Path.GetFullPath(path));
        var resolved = "/";
        var links = 0;
        while (remaining.TryPop(out var name))
        {
            var next = Path.Combine(resolved, name);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }

            if (++links > MaxLinks)
            {
                throw new IOException("Too many symbolic links.");
            }

            // GetFullPath takes ".." textually; that is right here, since `resolved` holds no link any more.
            Push(remaining, Path.GetFullPath(target, resolved));
            resolved = "/";
        }

        return resolved;
    }

    /// <summary>Whether a path is a folder or lies anywhere below it; both canonical.</summary>
    public static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static void Push(Stack<string> remaining, string absolutePath)
    {
        foreach (var name in absolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
        {
            remaining.Push(name);
        }
    }
}
