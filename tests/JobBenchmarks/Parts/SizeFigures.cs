using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>What was measured over a database of one size; every list has one value a round.</summary>
/// <param name="jobs">Completed jobs in it.</param>
/// <param name="dataFolder">Where it lies.</param>
internal sealed class SizeFigures(int jobs, string dataFolder)
{
    public int Jobs { get; } = jobs;

    public string DataFolder { get; } = dataFolder;

    public List<double> StartSeconds { get; } = [];

    public List<double> ListMilliseconds { get; } = [];

    public List<double> GetMilliseconds { get; } = [];

    /// <summary>After all reads.</summary>
    public ProcessMemory? Memory { get; set; }
}
