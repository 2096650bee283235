using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Hosting.Files;

/// <summary>
/// A handle to a file that is not opened for reading yet (O_PATH). Location and type can be checked without waiting for
/// the writer of a named pipe or waking a device, and reading then opens this very file even if its name has changed
/// its meaning.
/// </summary>
/// <remarks>O_PATH, statx(2) and /proc/self/fd exist on Linux only. Other systems look up the name again.</remarks>
public sealed class OpenedPath : IDisposable
{
    // From the Linux headers; the same on every processor architecture that .NET supports.
    private const int PathOnly = 0x200000;
    private const int CloseOnExec = 0x80000;
    private const int EmptyPath = 0x1000;
    private const uint TypeWanted = 1;

    // struct statx: stx_mode is a 16-bit number at byte 28 on every architecture.
    private const int StatxBytes = 256;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xF000;
    private const int RegularType = 0x8000;

    private readonly SafeFileHandle? _handle;
    private readonly string _path;

    private OpenedPath(string path, SafeFileHandle? handle)
    {
        _path = path;
        _handle = handle;
    }

    /// <summary>Opens a handle to the file at a path, following links.</summary>
    /// <exception cref="IOException">The file does not exist, or access is denied.</exception>
    public static OpenedPath Find(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return new OpenedPath(path, null);
        }

        var handle = Open(path, PathOnly | CloseOnExec);
        if (!handle.IsInvalid)
        {
            return new OpenedPath(path, handle);
        }

        var failure = LastFailure(path);
        handle.Dispose();
        throw failure;
    }

    /// <summary>The descriptor; null on systems without O_PATH.</summary>
    public SafeHandle? Descriptor => _handle;

    /// <summary>A path that opens this file in this process, and in a child that inherits the descriptor.</summary>
    public string DescriptorPath => _handle is null
        ? _path
        : FormattableString.Invariant($"/proc/self/fd/{_handle.DangerousGetHandle()}");

    /// <summary>Path of the file without links; null if unknown.</summary>
    public string? RealPath => _handle is null
        ? Configuration.CanonicalPath.Resolve(_path)
        : new FileInfo(DescriptorPath).LinkTarget;

    /// <summary>Whether it is a regular file: not a folder, named pipe, socket or device.</summary>
    public bool IsRegular
    {
        get
        {
            if (_handle is null)
            {
                return File.Exists(_path);
            }

            var result = new byte[StatxBytes];
            if (Statx(_handle, "", EmptyPath, TypeWanted, result) != 0)
            {
                throw LastFailure(_path);
            }

            var mode = BitConverter.IsLittleEndian
                ? BinaryPrimitives.ReadUInt16LittleEndian(result.AsSpan(ModeOffset))
                : BinaryPrimitives.ReadUInt16BigEndian(result.AsSpan(ModeOffset));
            return (mode & TypeMask) == RegularType;
        }
    }

    /// <summary>Opens the file for reading, unbuffered.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public FileStream OpenRead() => new(
        DescriptorPath,
        FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0,
        FileOptions.SequentialScan);

    /// <inheritdoc />
    public void Dispose() => _handle?.Dispose();

    private static IOException LastFailure(string path)
    {
        var errno = Marshal.GetLastPInvokeError();
        return new IOException($"{path} cannot be accessed.", new Win32Exception(errno));
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(
        SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] result);
}
