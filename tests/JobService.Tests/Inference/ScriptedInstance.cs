using System.Threading.Channels;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Inference;

/// <summary>One InferenceService of a pool. A test says how its health is; each change is one check.</summary>
internal sealed class ScriptedInstance(string address) : IInferenceInstance
{
    private readonly Channel<InstanceHealth> _health = Channel.CreateUnbounded<InstanceHealth>();

    public ScriptedInference Inference { get; } = new();

    public Uri Address { get; } = new(address);

    /// <summary>What the next check says.</summary>
    public void Become(InstanceHealth health) => Assert.True(_health.Writer.TryWrite(health));

    public Task<InstanceHealth> CheckAsync(CancellationToken cancellationToken) =>
        _health.Reader.ReadAsync(cancellationToken).AsTask();

    public Task<ProbeVideoResponse> ProbeAsync(Uri video, CancellationToken cancellationToken) =>
        Inference.ProbeAsync(video, cancellationToken);

    public Task<RunPipelineResponse> RunAsync(RunPipelineRequest request, CancellationToken cancellationToken) =>
        Inference.RunAsync(request, _ => { }, cancellationToken);
}
