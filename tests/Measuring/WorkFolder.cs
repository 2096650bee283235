using ForegSyte.Testing;

namespace ForegSyte.Measuring;

/// <summary>
/// A folder under out/ of the checkout, removed when disposed. Not under /tmp, which is memory on many machines: then
/// fsync would cost nothing.
/// </summary>
public sealed class WorkFolder : IDisposable
{
    /// <param name="name">What it is for; the id of the process is added.</param>
    public WorkFolder(string name) =>
        Path = Directory.CreateDirectory(System.IO.Path.Combine(
            RepositoryFiles.Root, "out", FormattableString.Invariant($"{name}-{Environment.ProcessId}"))).FullName;

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>The type of its file system, for example "ext4".</summary>
    public string FileSystem => DriveInfo.GetDrives()
        .Where(drive => Path.StartsWith(drive.Name, StringComparison.Ordinal))
        .MaxBy(drive => drive.Name.Length)?.DriveFormat ?? "unknown";

    /// <summary>Absolute path of a file or folder in it.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc />
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
