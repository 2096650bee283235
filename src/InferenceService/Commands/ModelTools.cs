using ForegSyte.Hosting;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.Inference.V1.InferenceService;

namespace ForegSyte.Inference.Commands;

/// <summary>What the commands work with, from the settings of the service.</summary>
internal sealed class ModelTools(WebApplication app) : IAsyncDisposable
{
    private readonly string _dataDirectory = Path.GetFullPath(app.Configuration[DataDirectory.Key] ?? "data");

    /// <summary>Absolute path of the model catalogue.</summary>
    public string CataloguePath => Path.GetFullPath(Options<ModelsOptions>().CataloguePath, _dataDirectory);

    /// <summary>Folder of the models.</summary>
    public string ModelFolder => Path.GetDirectoryName(CataloguePath)!;

    /// <summary>Absolute path of the user's own entries.</summary>
    public string OwnEntriesPath => ModelCatalogueReader.OwnEntriesOf(CataloguePath);

    /// <summary>Absolute path of the folder of the pipelines.</summary>
    public string PipelineFolder => Path.GetFullPath(Options<PipelineOptions>().Directory, _dataDirectory);

    /// <summary>Options of decoding.</summary>
    public VideoOptions Video => Options<VideoOptions>();

    /// <summary>Options of the stages.</summary>
    public IOptions<StageOptions> Stages => app.Services.GetRequiredService<IOptions<StageOptions>>();

    /// <summary>The device of the service.</summary>
    public InferenceDevice Device => app.Services.GetRequiredService<InferenceDevice>();

    /// <summary>The clock.</summary>
    public TimeProvider Time => app.Services.GetRequiredService<TimeProvider>();

    /// <summary>Reads the settings as the service does; loads no models.</summary>
    public static ModelTools Open(string[] settings)
    {
        var builder = ForegSyteHost.CreateBuilder(settings);
        builder.AddForegSyteHost("InferenceService", defaultPort: 0, Contract.Descriptor);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter((_, level) => level >= LogLevel.Warning);
        builder.AddVideo();
        builder.Services.AddPipelines(builder.Configuration);
        return new ModelTools(builder.Build());
    }

    /// <summary>The pipelines in the folder.</summary>
    /// <exception cref="InvalidPipelinesException">One is invalid.</exception>
    public IReadOnlyList<Pipeline> ReadPipelines(ModelCatalogue models) =>
        PipelineFiles.Read(PipelineFolder, models, NullLogger.Instance);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => app.DisposeAsync();

    private T Options<T>()
        where T : class => app.Services.GetRequiredService<IOptions<T>>().Value;
}
