namespace ForegSyte.GpuBenchmarks;

/// <summary>A model and the size of the pictures that it is given.</summary>
/// <param name="ModelId">Id in the catalogue.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
internal sealed record BenchmarkInput(string ModelId, int Width, int Height)
{
    /// <summary>The detectors at their own sizes, the text models at a common one.</summary>
    public static readonly IReadOnlyList<BenchmarkInput> All =
    [
        new("nanodet_g_416", 416, 416),
        new("centernet_mbv3_512", 512, 512),
        new("ppocr_v4_detection", 960, 544),
        new("ppocr_v4_recognition", 320, 48),
    ];

    /// <summary>Batches that are measured.</summary>
    public static readonly IReadOnlyList<int> Batches = [1, 8, 32];
}
