using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Registers models, stages and pipelines.</summary>
internal static class PipelineServices
{
    /// <summary>Configuration key of the folder that relative paths start from.</summary>
    public const string DataDirectoryKey = "DataDirectory";

    /// <summary>
    /// Registers <see cref="PipelineCatalogue"/>, <see cref="PipelineRunner"/>, <see cref="PipelineWarmUp"/> and
    /// <see cref="InferenceDevice"/> as singletons, with the options of the sections "Models", "Device", "Stages" and
    /// "Pipelines" checked at start. Files are read and models loaded when the catalogue is first resolved.
    /// </summary>
    public static IServiceCollection AddPipelines(this IServiceCollection services, IConfiguration configuration)
    {
        AddOptions<ModelsOptions>(services, configuration, ModelsOptions.Section);
        AddOptions<DeviceOptions>(services, configuration, DeviceOptions.Section);
        AddOptions<StageOptions>(services, configuration, StageOptions.Section);
        AddOptions<PipelineOptions>(services, configuration, PipelineOptions.Section);

        var dataDirectory = Path.GetFullPath(configuration[DataDirectoryKey] ?? "data");
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => ModelCatalogueReader.Read(
            Path.GetFullPath(Options<ModelsOptions>(provider).CataloguePath, dataDirectory)));
        services.AddSingleton<InferenceDevice>();
        services.AddSingleton<ModelSessions>();
        services.AddSingleton<StageFactory>();
        services.AddSingleton(provider => LoadPipelines(
            provider, Path.GetFullPath(Options<PipelineOptions>(provider).Directory, dataDirectory)));
        services.AddSingleton<PipelineRunner>();
        services.AddSingleton<PipelineWarmUp>();
        return services;
    }

    private static PipelineCatalogue LoadPipelines(IServiceProvider provider, string directory)
    {
        var definitions = PipelineFiles.Read(directory, provider.GetRequiredService<ModelCatalogue>());
        var stages = provider.GetRequiredService<StageFactory>();
        var compiled = definitions.Select(definition => CompiledPipeline.Create(definition, stages.Create)).ToList();
        return new PipelineCatalogue(compiled, provider.GetRequiredService<ModelSessions>().Loaded);
    }

    private static void AddOptions<T>(IServiceCollection services, IConfiguration configuration, string section)
        where T : class =>
        services.AddOptions<T>().Bind(configuration.GetSection(section)).ValidateDataAnnotations().ValidateOnStart();

    private static T Options<T>(IServiceProvider provider)
        where T : class => provider.GetRequiredService<IOptions<T>>().Value;
}
