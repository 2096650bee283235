using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Hosting.Files;

/// <summary>Checks which other users of the machine can access a file of the configuration.</summary>
public static class FileProtection
{
    private const UnixFileMode OfOthers = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode OfGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    // From the Linux headers; the same on every processor architecture that .NET supports. stx_uid is at byte 20.
    private const int EmptyPath = 0x1000;
    private const uint OwnerWanted = 8;
    private const int StatxBytes = 256;
    private const int OwnerOffset = 20;
    private const uint Root = 0;

    /// <summary>Checks a file at a path, following links.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isSecret">Whether its content is secret; otherwise it must only be safe from changes.</param>
    /// <exception cref="FormatException">Other users have too much access.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static void Require(string path, bool isSecret)
    {
        using var file = File.OpenHandle(path);
        Require(file, path, isSecret);
    }

    /// <summary>
    /// Checks an open file. A secret may be readable by a group only if root or another user owns it, as for the
    /// secrets of Kubernetes (root:GROUP 0440): that owner chose the group. A file of the service's own user must be
    /// for that user alone.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its path, for the message.</param>
    /// <param name="isSecret">Whether its content is secret; otherwise it must only be safe from changes.</param>
    /// <exception cref="FormatException">Other users have too much access.</exception>
    internal static void Require(SafeFileHandle file, string path, bool isSecret)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var mode = File.GetUnixFileMode(file);
        var forbidden = ForbiddenFor(isSecret, isSecret && IsOfAnotherUser(file));
        if ((mode & forbidden) == 0)
        {
            return;
        }

        var octal = Convert.ToString((int)mode, 8).PadLeft(4, '0');
        throw new FormatException(isSecret
            ? $"Other users can access this secret (mode {octal}). Run chmod 600 {path}; a group may read it (440) if "
                + "root owns it."
            : $"Every user of the machine can change the file (mode {octal}). Run chmod o-w {path}.");
    }

    /// <summary>The access that no other user may have.</summary>
    internal static UnixFileMode ForbiddenFor(bool isSecret, bool isOfAnotherUser) => (isSecret, isOfAnotherUser) switch
    {
        (false, _) => UnixFileMode.OtherWrite,
        (true, false) => OfOthers | OfGroup,
        (true, true) => OfOthers | (OfGroup & ~UnixFileMode.GroupRead),
    };

    /// <summary>Whether root or a user other than the service's owns the file.</summary>
    private static bool IsOfAnotherUser(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        var result = new byte[StatxBytes];
        if (Statx(file, "", EmptyPath, OwnerWanted, result) != 0)
        {
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture, $"Its owner is unknown (errno {Marshal.GetLastPInvokeError()})."));
        }

        var owner = BitConverter.IsLittleEndian
            ? BinaryPrimitives.ReadUInt32LittleEndian(result.AsSpan(OwnerOffset))
            : BinaryPrimitives.ReadUInt32BigEndian(result.AsSpan(OwnerOffset));
        return owner == Root || owner != EffectiveUser();
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint EffectiveUser();

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(
        SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] result);
}
