using System.Globalization;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Contract = ForegSyte.Inference.V1.InferenceService;

namespace ForegSyte.Accuracy.Running;

/// <summary>
/// A real InferenceService in its own process, so that the measurement covers everything from the bytes of the video to
/// the results of a call.
/// </summary>
internal sealed class AccuracyService : IAsyncDisposable
{
    private const int MaxMessageBytes = 64 * 1024 * 1024;
    private static readonly TimeSpan CallLimit = TimeSpan.FromMinutes(5);
    private readonly Installation _installation;
    private readonly GrpcChannel _channel;

    private AccuracyService(Installation installation)
    {
        _installation = installation;
        _channel = GrpcChannel.ForAddress(
            installation.InferenceAddress, new GrpcChannelOptions { MaxReceiveMessageSize = MaxMessageBytes });
    }

    /// <summary>Starts the service and returns when it is serving.</summary>
    /// <param name="folder">Folder of models.json, the pipelines and the videos.</param>
    /// <param name="textMaxSide">Stages:TextMaxSide in pixels; null for the default.</param>
    public static async Task<AccuracyService> StartAsync(string folder, int? textMaxSide)
    {
        var settings = new Dictionary<string, string>
        {
            ["Models:CataloguePath"] = Path.Combine(folder, "models.json"),
            ["Pipelines:Directory"] = Path.Combine(folder, "pipelines"),
            ["Video:AllowedRoots:0"] = folder,
            ["Device:Provider"] = Environment.GetEnvironmentVariable("ACCURACY_DEVICE") ?? "cpu",
        };
        if (textMaxSide is { } side)
        {
            settings["Stages:TextMaxSide"] = side.ToString(CultureInfo.InvariantCulture);
        }

        var installation = new Installation(inferenceSettings: settings);
        try
        {
            await installation.StartInferenceServiceAsync();
            return new AccuracyService(installation);
        }
        catch
        {
            await installation.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a pipeline over every n-th frame of a video.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<IReadOnlyList<FrameResult>> RunAsync(
        string pipeline, string video, int stride, CancellationToken cancellationToken) =>
        (await CallAsync(pipeline, video, stride, cancellationToken)).Results;

    /// <summary>The same with all of the response.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<RunPipelineResponse> CallAsync(
        string pipeline, string video, int stride, CancellationToken cancellationToken,
        AdaptiveSampling? sampling = null)
    {
        var request = new RunPipelineRequest
        {
            Video = new VideoSource { Uri = new Uri(video).AbsoluteUri },
            PipelineId = pipeline,
            FrameStride = stride,
            Adaptive = sampling,
        };
        var options = new CallOptions(
            deadline: TimeProvider.System.GetUtcNow().UtcDateTime + CallLimit,
            cancellationToken: cancellationToken);
        return await new Contract.InferenceServiceClient(_channel).RunPipelineAsync(request, options);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _installation.DisposeAsync();
    }
}
