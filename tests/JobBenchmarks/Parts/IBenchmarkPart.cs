using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>Something that can be measured alone.</summary>
internal interface IBenchmarkPart
{
    /// <summary>What it is called on the command line.</summary>
    string Name { get; }

    /// <summary>Measures, and leaves no process behind.</summary>
    Task<IReadOnlyList<Row>> RunAsync(Bench bench, CancellationToken cancellationToken);
}
