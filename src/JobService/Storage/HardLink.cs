using System.Runtime.InteropServices;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// A second name of a file. The file system counts the names and frees the bytes with the last: a count that no crash
/// can make wrong.
/// </summary>
/// <remarks>.NET has neither call. statx(2) is used for the count, since its layout is the same on every processor.
/// </remarks>
internal static class HardLink
{
    // linux/fcntl.h and linux/stat.h.
    private const int CurrentFolder = -100;
    private const int DoNotFollowLinks = 0x100;
    private const uint WantLinkCount = 0x4;
    private const int StatLength = 256;
    private const int LinkCountOffset = 16;

    /// <summary>Gives a file a second name; false where that cannot be done.</summary>
    public static bool TryCreate(string existing, string path) =>
        OperatingSystem.IsLinux() && Link(existing, path) == 0;

    /// <summary>How many names the file has; null where that cannot be told.</summary>
    public static int? CountOf(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var stat = new byte[StatLength];
        return Stat(CurrentFolder, path, DoNotFollowLinks, WantLinkCount, stat) == 0
            && (BitConverter.ToUInt32(stat, 0) & WantLinkCount) != 0
                ? BitConverter.ToInt32(stat, LinkCountOffset)
                : null;
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string existing, [MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Stat(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] stat);
}
