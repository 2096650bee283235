using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Files;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>The errors of a full disk.</summary>
internal static class DiskFull
{
    /// <summary>Whether the cause is a full disk.</summary>
    public static bool Is(IOException failure) => FullDisk.IsCauseOf(failure);

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
