using ForegSyte.Testing;

namespace ForegSyte.Accuracy.Running;

/// <summary>
/// Files of Debian packages: installed, or unpacked by eng/setup.sh --accuracy. They are not in the repository.
/// </summary>
internal static class PackageFiles
{
    private static readonly string Unpacked = Path.Combine(RepositoryFiles.Root, "out", "accuracy", "packages");

    /// <summary>The path of a file.</summary>
    /// <param name="file">Its path in its package, without the leading slash.</param>
    /// <exception cref="InvalidOperationException">It is missing.</exception>
    public static string Find(string file)
    {
        var path = Path.Combine(Unpacked, file);
        if (!File.Exists(path))
        {
            path = "/" + file;
        }

        return File.Exists(path)
            ? path
            : throw new InvalidOperationException(
                $"/{file} is missing. Run eng/setup.sh --accuracy, which fetches it.");
    }
}
