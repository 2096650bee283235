namespace ForegSyte.JobBenchmarks.Measuring;

/// <summary>
/// How often this disk makes a small append durable, one after the other: what a commit for each call would reach.
/// </summary>
internal static class FsyncRate
{
    private const int RecordBytes = 256;

    /// <returns>Appends a second.</returns>
    public static double Measure(string folder, TimeSpan duration)
    {
        var record = new byte[RecordBytes];
        using var file = new FileStream(
            Path.Combine(folder, "fsync"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var count = 0;
        var start = TimeProvider.System.GetTimestamp();
        TimeSpan elapsed;
        do
        {
            file.Write(record);
            file.Flush(flushToDisk: true);
            count++;
            elapsed = TimeProvider.System.GetElapsedTime(start);
        }
        while (elapsed < duration);
        return count / elapsed.TotalSeconds;
    }
}
