using System.Threading.Channels;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.V1;
using GetFrameRequest = ForegSyte.Inference.V1.GetFrameRequest;
using GetFrameResponse = ForegSyte.Inference.V1.GetFrameResponse;

namespace ForegSyte.Jobs.Tests.Inference;

/// <summary>A fake InferenceService of a pool. Each health that a test sets is the result of one check.</summary>
internal sealed class ScriptedInstance(string address) : IInferenceInstance, IDisposable
{
    private readonly Channel<InstanceHealth> _health = Channel.CreateUnbounded<InstanceHealth>();

    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ScriptedInference Inference { get; } = new();

    /// <summary>Completes when the pool has closed the instance.</summary>
    public Task Disposed => _disposed.Task;

    public Uri Address { get; } = new(address);

    /// <summary>The pipelines that it lists.</summary>
    public IReadOnlyList<Pipeline> Pipelines { get; set; } = [];

    /// <summary>Sets the result of the next check.</summary>
    public void Become(InstanceHealth health) =>
        Assert.True(_health.Writer.TryWrite(health), "The channel of health checks is closed.");

    public Task<InstanceHealth> CheckAsync(CancellationToken cancellationToken) =>
        _health.Reader.ReadAsync(cancellationToken).AsTask();

    public Task<IReadOnlyList<Pipeline>> ListPipelinesAsync(CancellationToken cancellationToken) =>
        Task.FromResult(Pipelines);

    public Task<Device> GetDeviceAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new Device { Description = $"device of {Address.Host}" });

    public void Dispose() => _disposed.TrySetResult();

    public Task<ProbeVideoResponse> ProbeAsync(ProbeVideoRequest request, CancellationToken cancellationToken) =>
        Inference.ProbeAsync(request, cancellationToken);

    public Task<GetFrameResponse> GetFrameAsync(GetFrameRequest request, CancellationToken cancellationToken) =>
        Inference.GetFrameAsync(request, cancellationToken);

    public Task<AnnotateVideoResponse> AnnotateAsync(
        AnnotateVideoRequest request, CancellationToken cancellationToken) =>
        Inference.AnnotateAsync(request, cancellationToken);

    public Task<RunPipelineResponse> RunAsync(RunPipelineRequest request, CancellationToken cancellationToken) =>
        Inference.RunAsync(request, _ => { }, cancellationToken);
}
