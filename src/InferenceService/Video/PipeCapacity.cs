using System.Runtime.InteropServices;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Makes the pipe of a decoder larger than the usual 64 KiB, so that a frame takes a few wake-ups of both sides and not
/// dozens.
/// </summary>
internal static partial class PipeCapacity
{
    /// <summary>What Linux grants without privileges (/proc/sys/fs/pipe-max-size).</summary>
    public const int Bytes = 1024 * 1024;

    /// <summary>F_SETPIPE_SZ of fcntl(2).</summary>
    private const int SetPipeSize = 1031;

    /// <summary>Asks for <see cref="Bytes"/>; where they are not granted the pipe stays as it is, and works.</summary>
    /// <param name="pipe">An end of the pipe.</param>
    public static void Raise(SafeHandle pipe)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Control(pipe, SetPipeSize, Bytes);
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(SafeHandle pipe, int command, int value);
}
