using System.Globalization;

namespace ForegSyte.GpuBenchmarks;

/// <summary>What one model reached with one batch.</summary>
/// <param name="Input">Model and size.</param>
/// <param name="Batch">Pictures in one run.</param>
/// <param name="SecondsPerRun">Mean length of a run.</param>
/// <param name="Operations">Arithmetic of one picture (<see cref="OperationCount"/>).</param>
/// <param name="BusyPercent">How much of the time the GPU computed, as nvidia-smi says; null where it did not.</param>
internal sealed record ReportRow(
    BenchmarkInput Input, int Batch, double SecondsPerRun, double Operations, double? BusyPercent)
{
    public const string Header =
        "| model | input | batch | ms/run | frames/s | GPU busy, % | GOP/frame | TFLOP/s | of the peak |\n"
        + "|---|---|--:|--:|--:|--:|--:|--:|--:|";

    /// <summary>The row of a model whose file takes one picture at a time.</summary>
    public static string FixedAtOne(BenchmarkInput input, int batch) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {input.ModelId} | {input.Width}x{input.Height} | {batch} | one picture at a time | – | – | – | – | – |");

    /// <summary>The row as Markdown.</summary>
    /// <param name="peakTeraflops">Peak of the device; null where none was given.</param>
    public string ToMarkdown(double? peakTeraflops)
    {
        var framesPerSecond = Batch / SecondsPerRun;
        var teraflops = framesPerSecond * Operations / 1e12;
        var busy = BusyPercent is { } percent ? Text(percent, "F0") : "–";
        var share = peakTeraflops is { } peak ? Text(100 * teraflops / peak, "F2") + " %" : "–";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {Input.ModelId} | {Input.Width}x{Input.Height} | {Batch} | {1000 * SecondsPerRun:F2} "
            + $"| {framesPerSecond:F1} | {busy} | {Operations / 1e9:F2} | {teraflops:F3} | {share} |");
    }

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
