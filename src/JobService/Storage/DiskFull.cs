using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>Tells a full disk from other I/O errors.</summary>
internal static class DiskFull
{
    // On Unix, .NET stores the raw errno in HResult: ENOSPC, and EDQUOT for an exhausted quota.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    // On Windows, ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL as HRESULTs.
    private const int HandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>Whether the cause is a full disk.</summary>
    public static bool Is(IOException failure) =>
        failure.HResult is NoSpace or QuotaExceeded or HandleDiskFull or WindowsDiskFull;

    /// <summary>The STORAGE_FULL error for a failed write.</summary>
    public static ServiceException Report(Exception failure) => new(
        ErrorReason.StorageFull,
        "The disk of the server is full. Nothing was stored. Free space in its data directory, or ask its operator to, "
        + "and send the call again.",
        failure);

    /// <summary>The STORAGE_FULL error for a video that would leave less free space than the minimum.</summary>
    public static ServiceException Report(long minFreeBytes) => new(
        ErrorReason.StorageFull,
        $"The disk of the server has no room for this video: {minFreeBytes} bytes must stay free "
        + "(Storage:MinFreeBytes). Nothing was stored. Free space in its data directory, or ask its operator to, and "
        + "send the call again.")
    {
        Metadata = new Dictionary<string, string>
        {
            ["minFreeBytes"] = minFreeBytes.ToString(CultureInfo.InvariantCulture),
        },
    };
}
