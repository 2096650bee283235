using ForegSyte.Testing;

namespace ForegSyte.Benchmarks;

/// <summary>
/// A folder below out/ of the checkout, deleted when disposed. It is not below /tmp, which many machines keep in
/// memory: fsync would cost nothing there.
/// </summary>
internal sealed class WorkFolder : IDisposable
{
    /// <param name="name">Name of the folder; the process id is appended.</param>
    public WorkFolder(string name) =>
        Path = Directory.CreateDirectory(System.IO.Path.Combine(
            RepositoryFiles.Root, "out", FormattableString.Invariant($"{name}-{Environment.ProcessId}"))).FullName;

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Type of its file system, for example "ext4".</summary>
    public string FileSystem => DriveInfo.GetDrives()
        .Where(drive => Path.StartsWith(drive.Name, StringComparison.Ordinal))
        .MaxBy(drive => drive.Name.Length)?.DriveFormat ?? "unknown";

    /// <summary>Absolute path of a file or folder in it.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc />
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
