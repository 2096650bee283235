using ForegSyte.Measuring;

namespace ForegSyte.Benchmarks.Parts;

/// <summary>Something that can be measured alone.</summary>
internal interface IBenchmarkPart
{
    /// <summary>What it is called on the command line.</summary>
    string Name { get; }

    /// <summary>Measures, adds rows as soon as they are complete, and leaves no process behind.</summary>
    Task RunAsync(Bench bench, List<Row> rows, CancellationToken cancellationToken);
}
