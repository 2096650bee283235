using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Registers models, stages and pipelines.</summary>
internal static class PipelineServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="PipelineCatalogue"/>, <see cref="PipelineRunner"/>, <see cref="PipelineWarmUp"/> and
    /// <see cref="InferenceDevice"/> as singletons, with the options of the sections "Models", "Device", "Stages" and
    /// "Pipelines" validated at the start. Resolving the catalogue reads the files and loads the models.
    /// </summary>
    public static IServiceCollection AddPipelines(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddCheckedOptions<ModelsOptions>(ModelsOptions.Section);
        services.AddCheckedOptions<DeviceOptions>(DeviceOptions.Section);
        services.AddCheckedOptions<StageOptions>(StageOptions.Section);
        services.AddCheckedOptions<PipelineOptions>(PipelineOptions.Section);

        var dataDirectory = Path.GetFullPath(configuration[DataDirectory.Key] ?? "data");
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => ModelCatalogueReader.Read(
            Path.GetFullPath(Options<ModelsOptions>(provider).CataloguePath, dataDirectory))
            .On(provider.GetRequiredService<InferenceDevice>().IsGpu));
        services.AddMetrics();
        services.AddSingleton<InferenceMetrics>();
        services.AddSingleton<InferenceDevice>();
        services.AddSingleton<ModelSessions>();
        services.AddSingleton<StageFactory>();
        services.AddSingleton(provider => LoadPipelines(
            provider, Path.GetFullPath(Options<PipelineOptions>(provider).Directory, dataDirectory)));
        services.AddSingleton(provider => new FrameSlots(
            provider.GetRequiredService<InferenceDevice>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PipelineRunner>();
        services.AddSingleton<PipelineWarmUp>();
        return services;
    }

    private static PipelineCatalogue LoadPipelines(IServiceProvider provider, string directory)
    {
        var models = provider.GetRequiredService<ModelCatalogue>();
        var definitions = PipelineFiles.Read(
            directory, models, provider.GetRequiredService<ILogger<PipelineCatalogue>>());
        var stages = provider.GetRequiredService<StageFactory>();
        var compiled = new List<CompiledPipeline>();
        foreach (var definition in definitions)
        {
            var pipeline = CompiledPipeline.Create(
                definition,
                node => stages.Create(
                    node, definition.OutputNodes.Contains(node.Id) ? definition.Tracking?.Objects : null));
            definition.Version = PipelineVersion.Of(definition, models, Options<StageOptions>(provider));
            definition.Labels.Add(pipeline.Labels);
            compiled.Add(pipeline);
        }

        return new PipelineCatalogue(compiled, provider.GetRequiredService<ModelSessions>().Loaded);
    }

    private static T Options<T>(IServiceProvider provider)
        where T : class => provider.GetRequiredService<IOptions<T>>().Value;
}
