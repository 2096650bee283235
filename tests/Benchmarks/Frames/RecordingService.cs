using ForegSyte.Hosting;
using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.Inference.V1.InferenceService;
using FrameRange = ForegSyte.V1.FrameRange;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>What a pipeline did with the frames of a workload.</summary>
/// <param name="Runs">Every model run.</param>
/// <param name="Timings">Timings of the service, which include the overhead of ONNX Runtime's profiling.</param>
/// <param name="AllocatedBytes">Allocations on the garbage-collected heap per frame.</param>
internal sealed record PipelineRecording(IReadOnlyList<ModelRun> Runs, SegmentTimings Timings, long AllocatedBytes)
{
    /// <summary>Inputs of the model runs.</summary>
    public IReadOnlyList<ModelInput> Inputs { get; } = [.. Runs.Select(run => run.Input)];

    /// <summary>
    /// The parts of the time, each in percent of the whole, for example "waiting for the decoder 7 %". They overlap, so
    /// their sum can exceed 100 %.
    /// </summary>
    public IEnumerable<string> Shares()
    {
        var total = Timings.Total.ToTimeSpan().TotalSeconds;
        var waiting = Timings.Decode.ToTimeSpan().TotalSeconds;
        var stages = Timings.Inference.ToTimeSpan().TotalSeconds;
        var models = Runs.Sum(run => run.Seconds);
        yield return Share("waiting for the decoder", waiting);
        foreach (var model in Runs.GroupBy(run => run.Input.ModelId).OrderBy(group => group.Key))
        {
            yield return Share(model.Key, model.Sum(run => run.Seconds));
        }

        yield return Share("prepare tensors and decode outputs", stages - models);
        yield return Share("other, less the overlap", total - waiting - stages);

        string Share(string what, double seconds) =>
            FormattableString.Invariant($"{what} {100 * seconds / total:F1} %");
    }
}

/// <summary>
/// Runs the InferenceService's decoder, pipelines and models in this process with ONNX Runtime's profiling on, so that
/// the baseline repeats exactly the model runs of the service, batches included.
/// </summary>
internal static class RecordingService
{
    private const int WarmUpFrames = 10;
    private const int MeasuredFrames = 50;

    /// <summary>Records a pipeline over the frames of a workload.</summary>
    public static async Task<PipelineRecording> RecordAsync(
        Workload workload, WorkFolder folder, CancellationToken cancellationToken)
    {
        var profiles = Directory.CreateDirectory(folder.File("profiles"));
        var loading = "";
        var app = Build(Path.GetDirectoryName(workload.Clip.Path)!, () => Path.Combine(profiles.FullName, loading));
        RunPipelineResponse response;
        await using (app)
        {
            // One after the other, so that each profile has the name of its model.
            foreach (var entry in app.Services.GetRequiredService<ModelCatalogue>().All)
            {
                loading = entry.Id;
                app.Services.GetRequiredService<ModelSessions>().Get(entry.Id);
            }

            response = await RunAsync(app, workload, endFrame: 0, cancellationToken);
        }

        // A session writes its profile when it is disposed.
        var runs = profiles.GetFiles().SelectMany(Read).ToList();
        profiles.Delete(recursive: true);
        var allocatedBytes = await AllocatedBytesAsync(workload, cancellationToken);
        return new PipelineRecording(runs, response.Timings, allocatedBytes);
    }

    /// <summary>
    /// Allocations per frame between decoder and response, without profiling. A few warm-up frames exclude allocations
    /// that happen once.
    /// </summary>
    private static async Task<long> AllocatedBytesAsync(Workload workload, CancellationToken cancellationToken)
    {
        await using var app = Build(Path.GetDirectoryName(workload.Clip.Path)!, profilePrefix: null);
        await RunAsync(app, workload, WarmUpFrames * workload.Stride, cancellationToken);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var response = await RunAsync(app, workload, MeasuredFrames * workload.Stride, cancellationToken);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / response.Frames.Analyzed;
    }

    private static async Task<RunPipelineResponse> RunAsync(
        WebApplication app, Workload workload, int endFrame, CancellationToken cancellationToken)
    {
        using var request = await SegmentRequest.FromAsync(
            new RunPipelineRequest
            {
                PipelineId = workload.PipelineId,
                Video = new VideoSource { Uri = new Uri(workload.Clip.Path).AbsoluteUri },
                FrameStride = workload.Stride,
                Range = new FrameRange { EndFrame = endFrame },
            },
            app.Services.GetRequiredService<PipelineCatalogue>(),
            app.Services.GetRequiredService<VideoSources>(),
            cancellationToken);
        return await app.Services.GetRequiredService<SegmentRunner>().RunAsync(request, cancellationToken);
    }

    private static WebApplication Build(string videos, Func<string>? profilePrefix)
    {
        var builder = ForegSyteHost.CreateBuilder([]);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["DataDirectory"] = RepositoryFiles.Data,
            ["Video:AllowedRoots:0"] = videos,
        });
        builder.AddForegSyteHost("InferenceService", defaultPort: 0, Contract.Descriptor);
        builder.Logging.ClearProviders();
        builder.AddVideo();
        builder.Services.AddPipelines(builder.Configuration);
        builder.AddInference();

        // The last registration wins.
        builder.Services.AddSingleton(services => new InferenceDevice(
            services.GetRequiredService<IOptions<DeviceOptions>>().Value,
            services.GetRequiredService<ILogger<InferenceDevice>>(),
            (options, provider, index) =>
            {
                ExecutionProviders.Append(options, provider, index);
                if (profilePrefix is not null)
                {
                    options.ProfileOutputPathPrefix = profilePrefix();
                    options.EnableProfiling = true;
                }
            }));
        return builder.Build();
    }

    private static List<ModelRun> Read(FileInfo profile)
    {
        // ONNX Runtime appends "_", the date and the time to the prefix.
        var modelId = string.Join('_', profile.Name.Split('_')[..^3]);
        using var json = profile.OpenRead();
        return OrtProfile.Read(json, modelId);
    }
}
