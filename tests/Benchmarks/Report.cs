using System.Globalization;
using System.Text;
using ForegSyte.Hosting;
using ForegSyte.Inference.Models;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Benchmarks;

/// <summary>The measurements as Markdown.</summary>
internal static class Report
{
    public static string Header(
        Machine machine, InferenceDevice device, string loadBefore, string loadAfter) => string.Join('\n', [
        $"- machine: {machine.Cores} cores, {machine.Processor}; models on {device.Description.Description}",
        $"- versions: ForegSyte {ServiceVersion.Text}, .NET {Environment.Version}, "
            + $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}",
        $"- load (1, 5, 15 minutes) before: {loadBefore}; after: {loadAfter}",
    ]);

    public static string Table(IEnumerable<Measurement> measurements, int frames)
    {
        var text = new StringBuilder();
        text.Append("| pipeline | end to end, frames/s | ms/frame | bare, frames/s | ms/frame | ratio ")
            .Append("| ffmpeg decode, ms/frame | queued, ms | decode wait, ms/frame | stages, ms/frame ")
            .Append("| end to end, s (min to max) | bare, s (min to max) |\n")
            .Append("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var measurement in measurements)
        {
            text.Append(Row(measurement, frames)).Append('\n');
        }

        return text.ToString();
    }

    private static string Row(Measurement m, int frames)
    {
        var endToEnd = Measurement.Median(m.EndToEnd);
        var bare = Measurement.Median(m.Bare);
        var decode = Measurement.Median(m.Decode);
        var queued = Measurement.Median(m.Jobs.Select(job => job.Timings.Queued.ToTimeSpan()));
        var wait = Measurement.Median(m.Jobs.Select(job => job.Timings.Decode.ToTimeSpan()));
        var stages = Measurement.Median(m.Jobs.Select(job => job.Timings.Inference.ToTimeSpan()));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {m.PipelineId} | {frames / endToEnd:F1} | {PerFrame(endToEnd):F1} "
            + $"| {frames / bare:F1} | {PerFrame(bare):F1} "
            + $"| {bare / endToEnd:F2} | {PerFrame(decode):F1} | {1000 * queued:F0} | {PerFrame(wait):F1} "
            + $"| {PerFrame(stages):F1} | {Span(m.EndToEnd)} | {Span(m.Bare)} |");

        double PerFrame(double seconds) => 1000 * seconds / frames;
    }

    private static string Span(List<TimeSpan> values) => string.Create(
        CultureInfo.InvariantCulture, $"{values.Min().TotalSeconds:F2} to {values.Max().TotalSeconds:F2}");
}
