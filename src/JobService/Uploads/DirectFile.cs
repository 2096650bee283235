using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// Writes to a file around the page cache (O_DIRECT): the disk takes the bytes from where they are, and the processor
/// neither copies them nor looks for pages to keep them in.
/// </summary>
/// <param name="file">The open file.</param>
internal sealed class DirectFile(SafeFileHandle file) : IDisposable
{
    // linux/fcntl.h; O_DIRECT differs between processors.
    private const int WriteOnly = 1;
    private const int CloseOnExec = 0x80000;
    private const int DirectOnIntel = 0x4000;
    private const int DirectOnArm = 0x10000;

    /// <summary>On Unix .NET puts the raw errno into HResult.</summary>
    private const int InvalidArgument = 22;

    /// <summary>Opens a file that is there; null where the system or the file system cannot do that.</summary>
    public static DirectFile? TryOpen(string path)
    {
        var direct = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => DirectOnIntel,
            Architecture.Arm64 => DirectOnArm,
            _ => 0,
        };
        if (!OperatingSystem.IsLinux() || direct == 0)
        {
            return null;
        }

        var file = Open(path, WriteOnly | CloseOnExec | direct);
        if (!file.IsInvalid)
        {
            return new DirectFile(file);
        }

        file.Dispose();
        return null;
    }

    /// <summary>Writes bytes, whose address, length and offset the disk's blocks divide.</summary>
    /// <returns>
    /// False where the file system does not take them like this: because its blocks are larger, for example.
    /// </returns>
    /// <exception cref="IOException">They could not be written.</exception>
    public async ValueTask<bool> TryWriteAsync(
        ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken)
    {
        try
        {
            await RandomAccess.WriteAsync(file, bytes, offset, cancellationToken);
            return true;
        }
        catch (IOException failure) when (failure.HResult == InvalidArgument)
        {
            return false;
        }
    }

    /// <inheritdoc />
    public void Dispose() => file.Dispose();

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
