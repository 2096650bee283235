using System.Diagnostics;
using System.Globalization;
using CliWrap;
using ForegSyte.Benchmarks;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

// What a job costs beside what its models alone cost, measured in turns in one run. Prints Markdown.
const int Frames = 100;
const int Rounds = 3;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

using var folder = new TemporaryFolder();
var common = new Dictionary<string, string>
{
    ["DataDirectory"] = folder.Path,
    ["Listen:Port"] = "0",
    ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
};
var models = Path.Combine(RepositoryFiles.Data, "models", "models.json");
var (inference, inferenceAddress) = await ServiceProcess.StartAsync(
    "InferenceService", new Dictionary<string, string>(common) { ["Models:CataloguePath"] = models });
await using var inferenceService = inference;
var (jobs, jobAddress) = await ServiceProcess.StartAsync(
    "JobService", new Dictionary<string, string>(common) { ["Inference:Address"] = inferenceAddress.ToString() });
await using var jobService = jobs;
await using var client = new ForegSyteClient(new ForegSyteClientOptions { Address = jobAddress });

Console.WriteLine($"{Environment.ProcessorCount} cores, {Frames} frames of 768x576 H.264, median of {Rounds} rounds in turns");
Console.WriteLine();
Console.WriteLine("| pipeline | job, frames/s | job, ms/frame | bare models, frames/s | bare models, ms/frame | job : bare |");
Console.WriteLine("|---|---|---|---|---|---|");
foreach (var pipeline in new[] { "detect_only", "yolo_ocr" })
{
    using var bare = new BareModels(readsText: pipeline == "yolo_ocr");
    bare.Measure(10);
    await RunJobAsync(pipeline);
    var jobTimes = new List<double>();
    var bareTimes = new List<double>();
    for (var round = 0; round < Rounds; round++)
    {
        jobTimes.Add(await RunJobAsync(pipeline) / Frames);
        bareTimes.Add(bare.Measure(Frames));
    }

    var (job, floor) = (Median(jobTimes), Median(bareTimes));
    Console.WriteLine($"| {pipeline} | {1000 / job:0.0} | {job:0.0} | {1000 / floor:0.0} | {floor:0.0} | {floor / job:0.00} |");
}

var decode = Stopwatch.GetTimestamp();
await Cli.Wrap("ffmpeg").WithArguments(["-v", "error", "-i", RepositoryFiles.Pedestrians, "-f", "null", "-"]).ExecuteAsync();
Console.WriteLine();
Console.WriteLine($"ffmpeg alone decodes the clip in {Stopwatch.GetElapsedTime(decode).TotalMilliseconds:0} ms.");
return 0;

// Milliseconds from the call of SubmitVideo to the completed job, as the client sees it.
async Task<double> RunJobAsync(string pipeline)
{
    var start = Stopwatch.GetTimestamp();
    var job = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = pipeline });
    job = await client.WaitForCompletionAsync(job.JobId, TimeSpan.FromMinutes(5));
    return job.Status == JobStatus.Completed && job.Summary.Frames.Analyzed == Frames
        ? Stopwatch.GetElapsedTime(start).TotalMilliseconds
        : throw new InvalidOperationException($"The job is {job.Status}: {job.ErrorMessage}");
}

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
