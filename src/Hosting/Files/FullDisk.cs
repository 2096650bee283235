namespace ForegSyte.Hosting.Files;

/// <summary>Tells a full disk from other I/O errors.</summary>
public static class FullDisk
{
    // On Unix, .NET stores the raw errno in HResult: ENOSPC, and EDQUOT for an exhausted quota.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    // On Windows, ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL as HRESULTs.
    private const int HandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>Whether the cause is a full disk.</summary>
    public static bool IsCauseOf(IOException failure) =>
        failure.HResult is NoSpace or QuotaExceeded or HandleDiskFull or WindowsDiskFull;
}
