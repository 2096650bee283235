using ForegSyte.Benchmarks.Processes;

namespace ForegSyte.Cluster.Running;

/// <summary>Processor time of processes.</summary>
internal static class ProcessTimes
{
    /// <summary>Seconds of processor time of the processes that still exist.</summary>
    public static double SecondsOf(IEnumerable<int> processes) => processes.Sum(SecondsOf);

    private static double SecondsOf(int process)
    {
        try
        {
            return ProcessorTime.SecondsOf(process);
        }
        catch (IOException)
        {
            // It has ended.
            return 0;
        }
    }
}
