using System.Globalization;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>
/// What the following of objects and texts and the search for cuts cost: jobs of each pipeline with its tracking and
/// without it, in turns, by the processor time of both services and their decoders.
/// </summary>
internal static class TrackingBenchmark
{
    /// <summary>Jobs of each pipeline; more than the usual rounds, because the difference is small.</summary>
    private const int Jobs = 9;

    /// <summary>Share of a job's processor time that tracking may take, in percent.</summary>
    private const double Goal = 2;

    private const string PlainSuffix = "_plain";

    public static async Task MeasureAsync(BenchmarkRun run, IReadOnlyList<BenchmarkClip> clips)
    {
        var pipelines = run.Folder.File("pipelines");
        WritePipelines(pipelines);
        var settings = new Dictionary<string, string> { ["Pipelines:Directory"] = pipelines };
        await using var services = new Installation(settings, settings);
        await services.StartAsync();
        await using var client = services.Client();
        foreach (var clip in clips)
        {
            Workload[] workloads =
            [
                new(clip, "detect_only", 1), new(clip, "ocr_only", clip.TextStride),
                new(clip, "yolo_ocr", clip.TextStride),
            ];
            foreach (var workload in workloads)
            {
                var plain = workload with { PipelineId = workload.PipelineId + PlainSuffix };
                await JobRun.WarmUpAsync(client, workload, run.Cancellation);
                await JobRun.WarmUpAsync(client, plain, run.Cancellation);
                var (with, without) = (new List<double>(), new List<double>());
                for (var job = 0; job < Jobs; job++)
                {
                    without.Add(await MeasureAsync(plain));
                    with.Add(await MeasureAsync(workload));
                    await BenchmarkRun.LogAsync(string.Create(
                        CultureInfo.InvariantCulture,
                        $"tracking, {workload}: {with[^1]:F2} ms of processor time a frame, {without[^1]:F2} without"));
                }

                // The fastest runs are those that others disturbed least.
                var share = 100 * (with.Min() - without.Min()) / without.Min();
                run.Rows.Add(Row.Compared(
                    $"{workload}: processor time per frame, least of {Jobs} jobs", with.Min(), "ms",
                    "without tracking", without.Min()));
                run.Rows.Add(Row.Maximum($"{workload}: cost of tracking", share, "%", Goal));
            }
        }

        async Task<double> MeasureAsync(Workload workload)
        {
            var before = ServicesProcessorSeconds();
            await JobRun.RunAsync(client, workload, run.Cancellation);
            return 1000 * (ServicesProcessorSeconds() - before) / workload.Frames;
        }

        double ServicesProcessorSeconds() =>
            ProcessorTime.SecondsOf(services.InferenceService.Id) + ProcessorTime.SecondsOf(services.JobService.Id);
    }

    /// <summary>Writes the shipped pipelines, and each again without tracking.</summary>
    private static void WritePipelines(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(Path.Combine(RepositoryFiles.Data, "pipelines"), "*.json"))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
            var plain = PipelineJson.Parse(File.ReadAllText(file), out _);
            plain.Id += PlainSuffix;
            plain.Tracking = null;
            File.WriteAllText(
                Path.Combine(folder, plain.Id + ".json"), ForegSyteJson.IndentedFormatter.Format(plain));
        }
    }
}
