namespace ForegSyte.Inference.Models;

/// <summary>How the processors are shared out: frames that are computed at once, and the threads of each.</summary>
/// <param name="Runs">Frames that are computed at the same time, at least 1.</param>
/// <param name="Threads">Threads of one run of a model on the CPU, at least 1.</param>
internal readonly record struct ComputeSplit(int Runs, int Threads)
{
    /// <summary>
    /// Frames at once on a CPU where nothing is asked for. A run of its own needs some hundred megabytes for a large
    /// frame, so that a machine of many processors gets runs of several threads.
    /// </summary>
    public const int MaxRunsOnCpu = 8;

    /// <summary>Frames at once on a GPU: a batch is made ready while another one is computed.</summary>
    public const int RunsOnGpu = 2 * BatchLimits.ItemsOnGpu;

    /// <summary>
    /// Shares the processors out. A frame for each processor, computed by one thread, does more frames a second than
    /// one frame by all threads: threads of one run wait for each other after every operator.
    /// </summary>
    /// <param name="processors">Processors of the process, at least 1.</param>
    /// <param name="isGpu">Whether the models run on a GPU.</param>
    /// <param name="runs">What is asked for; 0 for nothing.</param>
    /// <param name="threads">What is asked for; 0 for nothing.</param>
    public static ComputeSplit Of(int processors, bool isGpu, int runs, int threads)
    {
        if (runs == 0)
        {
            runs = isGpu ? RunsOnGpu : Math.Clamp(processors / Math.Max(threads, 1), 1, MaxRunsOnCpu);
        }

        return new(runs, threads > 0 ? threads : Math.Max(1, processors / runs));
    }
}
