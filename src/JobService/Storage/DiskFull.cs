using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>Tells a full disk from other I/O errors.</summary>
internal static class DiskFull
{
    // On Unix .NET puts the raw errno into HResult: ENOSPC, and EDQUOT for a quota that is used up.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    // On Windows ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL, as HRESULTs.
    private const int HandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>Whether there was no space left.</summary>
    public static bool Is(IOException failure) =>
        failure.HResult is NoSpace or QuotaExceeded or HandleDiskFull or WindowsDiskFull;

    /// <summary>The failure to report.</summary>
    public static ServiceException Report(Exception failure) => new(
        ErrorReason.StorageFull,
        "The disk of the server is full. Nothing was stored. Free space in its data directory, or ask its operator to, "
        + "and send the call again.",
        failure);

    /// <summary>The failure to report where too little would be left.</summary>
    /// <param name="minFreeBytes">What has to be left.</param>
    public static ServiceException Report(long minFreeBytes) => new(
        ErrorReason.StorageFull,
        $"The disk of the server has no room for this video: {minFreeBytes} bytes have to stay free "
        + "(Storage:MinFreeBytes). Nothing was stored. Free space in its data directory, or ask its operator to, and "
        + "send the call again.")
    {
        Metadata = new Dictionary<string, string>
        {
            ["minFreeBytes"] = minFreeBytes.ToString(CultureInfo.InvariantCulture),
        },
    };
}
