using System.Globalization;
using ForegSyte.Client;
using ForegSyte.Inference.Models;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Gpu;

/// <summary>
/// Whole jobs of each pipeline with both services at several batch sizes, and their results beside those of the CPU.
/// </summary>
/// <param name="provider">cuda, tensorrt or cpu.</param>
/// <param name="deviceIndex">Index of the GPU.</param>
/// <param name="jobs">Jobs at the same time.</param>
internal sealed class GpuPipelines(DeviceProvider provider, int deviceIndex, int jobs)
{
    private const string Header =
        "| pipeline | batch | jobs at once | frames/s | jobs/s | GPU busy, % |\n|---|--:|--:|--:|--:|--:|";

    private const string ComparisonHeader =
        "| pipeline | boxes of both | the same | lines of text of both | the same | within the tolerance |\n"
        + "|---|--:|--:|--:|--:|---|";

    private static readonly string[] PipelineIds = ["detect_only", "ocr_only", "yolo_ocr"];

    private bool IsGpu => provider != DeviceProvider.Cpu;

    /// <summary>Measures and compares; prints both tables.</summary>
    /// <returns>Whether the results are within the tolerance.</returns>
    public async Task<bool> RunAsync(IReadOnlyList<int> batches, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        WriteGpuPipelines(folder);
        await using var services = new Installation(inferenceSettings: SettingsOf(provider, folder));
        await services.StartAsync();
        await using var client = services.Client();
        Console.WriteLine();
        Console.WriteLine(Header);
        foreach (var batch in batches)
        {
            await services.RestartInferenceServiceAsync([("Device:MaxBatch", Text(batch))]);
            foreach (var pipeline in PipelineIds)
            {
                await RunJobAsync(client, pipeline, cancellationToken);
                await MeasureAsync(client, pipeline, batch, cancellationToken);
            }
        }

        return await CompareAsync(client, folder, cancellationToken);
    }

    private async Task MeasureAsync(
        ForegSyteClient client, string pipeline, int batch, CancellationToken cancellationToken)
    {
        await using var usage = IsGpu ? new GpuUsage(deviceIndex) : null;
        var start = TimeProvider.System.GetTimestamp();
        var done = await Task.WhenAll(
            Enumerable.Range(0, jobs).Select(_ => RunJobAsync(client, pipeline, cancellationToken)));
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        var frames = done.Sum(job => job.Summary.Frames.Analyzed);
        var busy = usage?.Mean is { } mean ? mean.ToString("F0", CultureInfo.InvariantCulture) : "–";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {pipeline} | {batch} | {jobs} | {frames / seconds:F1} | {jobs / seconds:F2} | {busy} |"));
    }

    /// <summary>
    /// The pipelines with the models for GPUs by name, so that the services on GPU and CPU run the same files.
    /// </summary>
    private static void WriteGpuPipelines(TemporaryFolder folder)
    {
        var models = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));
        foreach (var id in PipelineIds)
        {
            var text = File.ReadAllText(Path.Combine(RepositoryFiles.Data, "pipelines", $"{id}.json"));
            foreach (var choice in models.Choices)
            {
                text = text.Replace($"\"{choice.Id}\"", $"\"{choice.OnGpu}\"", StringComparison.Ordinal);
            }

            File.WriteAllText(folder.File($"{id}.json"), text);
        }
    }

    private async Task<bool> CompareAsync(
        ForegSyteClient client, TemporaryFolder pipelines, CancellationToken cancellationToken)
    {
        await using var cpu = new Installation(inferenceSettings: SettingsOf(DeviceProvider.Cpu, pipelines));
        await cpu.StartAsync();
        await using var cpuClient = cpu.Client();
        Console.WriteLine();
        Console.WriteLine("Results beside those of the CPU. Two boxes are the same if they have");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"the same label, an intersection over union of at least {ResultComparison.MinOverlap}, and confidences at "
            + $"most {ResultComparison.MaxConfidenceDifference} apart. The tolerance is "
            + $"{100 * ResultComparison.MinAgreement} % of boxes and of lines."));
        Console.WriteLine();
        Console.WriteLine(ComparisonHeader);
        var isWithin = true;
        foreach (var pipeline in PipelineIds)
        {
            var comparison = ResultComparison.Of(
                await ResultsAsync(client, pipeline, cancellationToken),
                await ResultsAsync(cpuClient, pipeline, cancellationToken));
            isWithin &= comparison.IsWithinTolerance;
            Console.WriteLine(
                $"| {pipeline} | {comparison.Boxes} | {comparison.SameBoxes} | {comparison.Texts} "
                + $"| {comparison.SameTexts} | {(comparison.IsWithinTolerance ? "yes" : "no")} |");
        }

        return isWithin;
    }

    private static async Task<IReadOnlyList<FrameResult>> ResultsAsync(
        ForegSyteClient client, string pipeline, CancellationToken cancellationToken)
    {
        var job = await RunJobAsync(client, pipeline, cancellationToken);
        return await client.GetResultsAsync(job.JobId, cancellationToken: cancellationToken)
            .ToListAsync(cancellationToken);
    }

    private static async Task<Job> RunJobAsync(
        ForegSyteClient client, string pipeline, CancellationToken cancellationToken)
    {
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = pipeline },
            cancellationToken: cancellationToken);
        return await client.WaitForCompletionAsync(job.JobId, cancellationToken: cancellationToken);
    }

    private Dictionary<string, string> SettingsOf(DeviceProvider device, TemporaryFolder pipelines) => new()
    {
        ["Pipelines:Directory"] = pipelines.Path,
        ["Device:Provider"] = device.ToString(),
        ["Device:DeviceIndex"] = Text(deviceIndex),
        ["Device:RequireGpu"] = device == DeviceProvider.Cpu ? "false" : "true",
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
