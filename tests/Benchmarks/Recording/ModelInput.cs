using System.Globalization;

namespace ForegSyte.Benchmarks.Recording;

/// <summary>What a model was run on.</summary>
/// <param name="ModelId">Id in the catalogue.</param>
/// <param name="Shape">Shape of its input, for example "1x3x416x416".</param>
internal readonly record struct ModelInput(string ModelId, string Shape)
{
    public static ModelInput Of(string modelId, params IEnumerable<long> sizes) =>
        new(modelId, string.Join('x', sizes));

    public long[] Sizes() =>
        [.. Shape.Split('x').Select(size => long.Parse(size, NumberStyles.None, CultureInfo.InvariantCulture))];
}
