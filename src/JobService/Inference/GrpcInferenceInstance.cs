using System.Net;
using System.Net.Sockets;
using ForegSyte.Hosting.Outbound;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Protocol.Tracing;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;
using Device = ForegSyte.V1.Device;
using Pipeline = ForegSyte.V1.Pipeline;

namespace ForegSyte.Jobs.Inference;

/// <summary>Calls one InferenceService over its own channel, with a deadline for each call.</summary>
internal sealed class GrpcInferenceInstance : IInferenceInstance, IDisposable
{
    private readonly InferenceOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly GrpcChannel _channel;
    private readonly InferenceService.InferenceServiceClient _inference;
    private readonly Health.HealthClient _health;

    public GrpcInferenceInstance(
        InferenceAddress address, InferenceChannels channels, IOptions<InferenceOptions> options, TimeProvider time,
        ILoggerFactory loggers)
    {
        Address = address.Address;
        _options = options.Value;
        _time = time;
        _logger = loggers.CreateLogger<GrpcInferenceInstance>();
        _channel = channels.Open(address);
        _inference = new InferenceService.InferenceServiceClient(
            _channel.Intercept(new CallTracing(JobTraces.Source)));
        _health = new Health.HealthClient(_channel);
    }

    /// <inheritdoc />
    public Uri Address { get; }

    /// <inheritdoc />
    public async Task<InstanceHealth> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var response = await _health.CheckAsync(
                new HealthCheckRequest { Service = InferenceService.Descriptor.FullName },
                deadline: DeadlineAfter(_options.HealthTimeout), cancellationToken: cancellationToken);
            return response.Status == HealthCheckResponse.Types.ServingStatus.Serving
                ? InstanceHealth.Serving
                : InstanceHealth.NotServing;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            _logger.LogWarning(
                "InferenceService at {Address} does not serve {Service}; its version does not match, update it",
                Address, InferenceService.Descriptor.FullName);
            return InstanceHealth.NotServing;
        }
        catch (RpcException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _logger.LogDebug(exception, "InferenceService at {Address} did not answer a health check", Address);
            return InstanceHealth.Lost;
        }
    }

    /// <inheritdoc />
    public Task<ProbeVideoResponse> ProbeAsync(ProbeVideoRequest request, CancellationToken cancellationToken)
    {
        var limits = CallLimits.OfProbe(_options);
        var deadline = DeadlineAfter(limits.Timeout);
        return CallAsync(
            _inference.ProbeVideoAsync(request, deadline: deadline, cancellationToken: cancellationToken),
            limits,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<GetFrameResponse> GetFrameAsync(GetFrameRequest request, CancellationToken cancellationToken)
    {
        var limits = CallLimits.OfFrame(_options);
        var deadline = DeadlineAfter(limits.Timeout);
        return CallAsync(
            _inference.GetFrameAsync(request, deadline: deadline, cancellationToken: cancellationToken),
            limits,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<AnnotateVideoResponse> AnnotateAsync(
        AnnotateVideoRequest request, CancellationToken cancellationToken)
    {
        var limits = CallLimits.OfSegment(_options) with { IsOptionalCall = true };
        var deadline = DeadlineAfter(limits.Timeout);
        return CallAsync(
            _inference.AnnotateVideoAsync(request, deadline: deadline, cancellationToken: cancellationToken),
            limits,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<RunPipelineResponse> RunAsync(RunPipelineRequest request, CancellationToken cancellationToken)
    {
        var limits = CallLimits.OfSegment(_options);
        var deadline = DeadlineAfter(limits.Timeout);
        return CallAsync(
            _inference.RunPipelineAsync(request, deadline: deadline, cancellationToken: cancellationToken),
            limits,
            cancellationToken);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<Pipeline>> ListPipelinesAsync(CancellationToken cancellationToken)
    {
        // A page has room for as many pipelines as a service can have.
        var limits = CallLimits.OfProbe(_options) with { Timeout = _options.HealthTimeout };
        var response = await CallAsync(
            _inference.ListPipelinesAsync(
                new ListPipelinesRequest { PageSize = PipelineDirectory.MaxPipelines },
                deadline: DeadlineAfter(limits.Timeout), cancellationToken: cancellationToken),
            limits,
            cancellationToken);
        return response.Pipelines;
    }

    /// <inheritdoc />
    public async Task<Device> GetDeviceAsync(CancellationToken cancellationToken)
    {
        var limits = CallLimits.OfProbe(_options) with { Timeout = _options.HealthTimeout };
        var response = await CallAsync(
            _inference.GetServerInfoAsync(
                new GetServerInfoRequest(), deadline: DeadlineAfter(limits.Timeout),
                cancellationToken: cancellationToken),
            limits,
            cancellationToken);
        return response.ServerInfo.Device;
    }

    /// <inheritdoc />
    public void Dispose() => _channel.Dispose();

    private static async Task<T> CallAsync<T>(
        AsyncUnaryCall<T> call, CallLimits limits, CancellationToken cancellationToken)
    {
        try
        {
            using (call)
            {
                return await call;
            }
        }
        catch (RpcException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The call was cancelled.", exception, cancellationToken);
        }
        catch (RpcException exception)
        {
            throw InferenceFailures.From(exception, limits);
        }
    }

    private DateTime DeadlineAfter(TimeSpan timeout) => (_time.GetUtcNow() + timeout).UtcDateTime;
}

/// <summary>Opens channels to InferenceServices over TCP, with or without TLS, or over a Unix socket.</summary>
internal sealed class InferenceChannels : IDisposable
{
    private static readonly TimeSpan KeepAlivePingDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(10);

    private readonly InferenceOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ClientTls _tls;

    public InferenceChannels(
        IOptions<InferenceOptions> options, IOptions<ClientTlsOptions> tls, TimeProvider time,
        ILoggerFactory loggers)
    {
        _options = options.Value;
        _loggers = loggers;
        _tls = new ClientTls(
            InferenceOptions.TlsSection, tls.Value, time, loggers.CreateLogger<InferenceChannels>());
    }

    /// <summary>Opens a channel; it connects at the first call.</summary>
    public GrpcChannel Open(InferenceAddress inference)
    {
        var address = inference.Address;
        var isUnixSocket = address.Scheme == UnixSocketCalls.Scheme;
        var called = isUnixSocket ? UnixSocketCalls.Placeholder : inference.Name ?? address;
        return GrpcChannel.ForAddress(called, new GrpcChannelOptions
        {
            LoggerFactory = _loggers,
            MaxReceiveMessageSize = _options.MaxResponseBytes,
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                // A segment can take minutes without a byte; pings distinguish a dead peer from a busy one.
                KeepAlivePingDelay = KeepAlivePingDelay,
                KeepAlivePingTimeout = KeepAlivePingTimeout,
                EnableMultipleHttp2Connections = true,
                InitialHttp2StreamWindowSize = ResponseWindow.Bytes,

                // A proxy of the environment (HTTP_PROXY, ALL_PROXY) cannot reach a service on this machine.
                UseProxy = !isUnixSocket && !address.IsLoopback && inference.Name is null,
                SslOptions = _tls.ForConnections(),
                ConnectCallback = isUnixSocket ? UnixSocketCalls.ConnectTo(address)
                    : inference.Name is not null ? ConnectTo(IPAddress.Parse(address.IdnHost), address.Port)
                    : null,
            },
        });
    }

    /// <inheritdoc />
    public void Dispose() => _tls.Dispose();

    /// <summary>Connects to one of the addresses of a name, which stays the name that TLS verifies.</summary>
    private static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> ConnectTo(
        IPAddress address, int port) =>
        async (_, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
}
