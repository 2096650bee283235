using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Makes the names in a folder survive a crash. fsync of a file covers its bytes only: a rename lives in the folder,
/// and without fsync of the folder a power loss may bring back the state before it.
/// </summary>
/// <remarks>.NET opens no folders, so the handle is made by open(2). Windows keeps names in a journal of its
/// own.</remarks>
internal static class DurableFolder
{
    private const int ReadOnly = 0;

    /// <summary>O_CLOEXEC of Linux: a child process, ffmpeg for one, does not inherit the handle.</summary>
    private const int CloseOnExec = 0x80000;

    /// <summary>Linux whose syncfs reports what could not be written; syncfs(2), "VERSIONS".</summary>
    private static readonly Version FirstToReport = new(5, 8);

    /// <summary>Returns when the folder's names are on the disk.</summary>
    /// <exception cref="IOException">The folder could not be opened or written.</exception>
    public static void Flush(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            Flush(path, Synchronize);
        }
    }

    /// <summary>
    /// Returns when everything that was written in the folder's file system is on the disk, where the operating system
    /// can do that: one call for any number of files.
    /// </summary>
    /// <returns>False where it cannot; nothing was done then.</returns>
    /// <exception cref="IOException">
    /// The folder could not be opened, or something could not be written: possibly a file that is none of the caller's.
    /// </exception>
    public static bool TryFlushFileSystem(string path)
    {
        if (!OperatingSystem.IsLinux() || Environment.OSVersion.Version < FirstToReport)
        {
            return false;
        }

        Flush(path, SynchronizeFileSystem);
        return true;
    }

    private static void Flush(string path, Func<SafeFileHandle, int> synchronize)
    {
        using var folder = Open(path, OperatingSystem.IsLinux() ? ReadOnly | CloseOnExec : ReadOnly);
        if (folder.IsInvalid || synchronize(folder) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw new IOException(
                $"The folder {path} could not be synchronized: {Marshal.GetPInvokeErrorMessage(errno)}.", errno);
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Synchronize(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SynchronizeFileSystem(SafeFileHandle file);
}
