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

    /// <summary>Returns when the folder's names are on the disk.</summary>
    /// <exception cref="IOException">The folder could not be opened or written.</exception>
    public static void Flush(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var folder = Open(path, OperatingSystem.IsLinux() ? ReadOnly | CloseOnExec : ReadOnly);
        if (folder.IsInvalid || Synchronize(folder) != 0)
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
}
