using ForegSyte.Hosting;
using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using ForegSyte.Measuring;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.InferenceService;

namespace ForegSyte.Benchmarks.Recording;

/// <summary>
/// The InferenceService's own decoder, pipelines and models in this process, with ONNX Runtime recording every run:
/// what the models are really run on, whatever the service batches and however it does so.
/// </summary>
internal static class RecordingService
{
    private const int WarmUpFrames = 10;
    private const int MeasuredFrames = 50;

    /// <summary>Runs a pipeline over the frames of a workload.</summary>
    public static async Task<PipelineRecording> RecordAsync(
        Workload workload, WorkFolder folder, CancellationToken cancellationToken)
    {
        var profiles = Directory.CreateDirectory(folder.File("profiles"));
        var loading = "";
        var app = Build(Path.GetDirectoryName(workload.Clip.Path)!, () => Path.Combine(profiles.FullName, loading));
        RunPipelineResponse response;
        await using (app)
        {
            // One by one, so that each profile can be named for its model.
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
    /// Bytes that a frame takes from the garbage-collected heap, everything between decoder and answer. Without
    /// recording, and after a few frames, so that what is made once and kept is not counted.
    /// </summary>
    private static async Task<long> AllocatedBytesAsync(Workload workload, CancellationToken cancellationToken)
    {
        await using var app = Build(Path.GetDirectoryName(workload.Clip.Path)!, profilePrefix: null);
        await RunAsync(app, workload, WarmUpFrames * workload.Stride, cancellationToken);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var response = await RunAsync(app, workload, MeasuredFrames * workload.Stride, cancellationToken);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / response.Frames.Analyzed;
    }

    private static Task<RunPipelineResponse> RunAsync(
        WebApplication app, Workload workload, int endFrame, CancellationToken cancellationToken)
    {
        var request = SegmentRequest.From(
            new RunPipelineRequest
            {
                PipelineId = workload.PipelineId,
                Video = new VideoSource { Uri = new Uri(workload.Clip.Path).AbsoluteUri },
                FrameStride = workload.Stride,
                Range = new FrameRange { EndFrame = endFrame },
            },
            app.Services.GetRequiredService<PipelineCatalogue>(),
            app.Services.GetRequiredService<VideoSources>());
        return app.Services.GetRequiredService<SegmentRunner>().RunAsync(request, cancellationToken);
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

        // Registered last, so that it is the one that is taken.
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
        // ONNX Runtime puts "_", the date and the time behind the prefix.
        var modelId = string.Join('_', profile.Name.Split('_')[..^3]);
        using var json = profile.OpenRead();
        return OrtProfile.Read(json, modelId);
    }
}
