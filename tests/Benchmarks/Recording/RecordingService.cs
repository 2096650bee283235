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

            var request = SegmentRequest.From(
                new RunPipelineRequest
                {
                    PipelineId = workload.PipelineId,
                    Video = new VideoSource { Uri = new Uri(workload.Clip.Path).AbsoluteUri },
                    FrameStride = workload.Stride,
                },
                app.Services.GetRequiredService<PipelineCatalogue>(),
                app.Services.GetRequiredService<VideoSources>());
            response = await app.Services.GetRequiredService<SegmentRunner>().RunAsync(request, cancellationToken);
        }

        // A session writes its profile when it is disposed.
        var runs = profiles.GetFiles().SelectMany(Read).ToList();
        profiles.Delete(recursive: true);
        return new PipelineRecording(runs, response.Timings);
    }

    private static WebApplication Build(string videos, Func<string> profilePrefix)
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
                options.ProfileOutputPathPrefix = profilePrefix();
                options.EnableProfiling = true;
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
