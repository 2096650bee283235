namespace ForegSyte.HangfirePeer;

/// <summary>A job that notes in a file when it starts and ends.</summary>
public static class RecordedJob
{
    private static readonly TimeSpan Work = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(string path)
    {
        await File.AppendAllTextAsync(path, "start\n");
        await Task.Delay(Work, TimeProvider.System);
        await File.AppendAllTextAsync(path, "end\n");
    }
}
