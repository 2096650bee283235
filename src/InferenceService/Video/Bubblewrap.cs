namespace ForegSyte.Inference.Video;

/// <summary>
/// The arguments of bwrap(1): an empty file system into which the video, FFmpeg and what the loader needs are mounted
/// to be read; namespaces of its own for processes, network, names and messages; no capability; the end together with
/// the service.
/// </summary>
/// <remarks>
/// There is no /proc, no /dev, no /tmp and no folder of anybody. --new-session is not there because the command line
/// makes a session before bwrap, and the sandbox then stays in the process group that is killed.
/// </remarks>
internal static class Bubblewrap
{
    /// <summary>Where libraries lie; links and folders are taken as this system has them.</summary>
    private static readonly string[] LibraryFolders =
    [
        "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/lib", "/lib32", "/lib64", "/libx32",
    ];

    /// <summary>What the loader reads: its cache, and Debian's links to chosen implementations such as BLAS.</summary>
    private static readonly string[] LoaderPaths = ["/etc/ld.so.cache", "/etc/alternatives"];

    /// <summary>Everything but the video; <see cref="Readable"/> and the program come after it.</summary>
    /// <param name="bwrap">Path of bwrap.</param>
    /// <param name="programs">Paths of the programs that may be run.</param>
    /// <param name="libraryPath">Folders of LD_LIBRARY_PATH; empty where it is not set.</param>
    /// <param name="hasFilter">Whether the standard input holds a filter of system calls.</param>
    public static IReadOnlyList<string> Prefix(
        string bwrap, IEnumerable<string> programs, string libraryPath, bool hasFilter) =>
    [
        bwrap, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--chdir", "/",
        .. hasFilter ? (string[])["--seccomp", "0"] : [],
        .. LibraryFolders.SelectMany(Library),
        .. libraryPath.Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Directory.Exists).SelectMany(Readable),
        .. LoaderPaths.Where(Path.Exists).SelectMany(Readable),
        .. programs.SelectMany(Readable),
    ];

    /// <summary>Lets a file or folder be read where it is.</summary>
    public static string[] Readable(string path) => ["--ro-bind", path, path];

    private static string[] Library(string folder) => new DirectoryInfo(folder) switch
    {
        { LinkTarget: { } target } => ["--symlink", target, folder],
        { Exists: true } => Readable(folder),
        _ => [],
    };
}
