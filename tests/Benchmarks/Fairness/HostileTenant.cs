using System.Collections.Concurrent;
using System.Diagnostics;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace ForegSyte.Benchmarks.Fairness;

/// <summary>The calls of the hostile tenant, counted.</summary>
internal sealed class HostileTenant : IDisposable
{
    /// <summary>Pause of a caller after a refusal, which bounds the rate of refused calls.</summary>
    private static readonly TimeSpan RefusalPause = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<string, long> _refused = new();
    private readonly GrpcChannel _channel;
    private long _calls;

    /// <param name="order">Addresses, key and video.</param>
    /// <param name="cancellation">Cancelled at the end of the attack.</param>
    public HostileTenant(AttackOrder order, CancellationToken cancellation)
    {
        (Order, Cancellation) = (order, cancellation);
        _channel = GrpcChannel.ForAddress(order.JobAddress, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false },
            MaxReceiveMessageSize = null,
            DisposeHttpClient = true,
        });
        var invoker = _channel.Intercept(metadata =>
        {
            metadata.Add("x-api-key", order.ApiKey);
            return metadata;
        });
        Jobs = new JobService.JobServiceClient(invoker);
        Uploads = new UploadService.UploadServiceClient(invoker);
    }

    public AttackOrder Order { get; }

    public CancellationToken Cancellation { get; }

    public JobService.JobServiceClient Jobs { get; }

    public UploadService.UploadServiceClient Uploads { get; }

    public AttackResult Result => new(Interlocked.Read(ref _calls), new Dictionary<string, long>(_refused));

    /// <summary>The request that submits the video of the attack as content.</summary>
    public SubmitVideoRequest SubmitRequest(string pipelineId = "detect_only") => new()
    {
        Content = ByteString.CopyFrom(File.ReadAllBytes(Order.VideoPath)),
        PipelineId = pipelineId,
    };

    /// <summary>Makes a call; null if it was refused.</summary>
    public async Task<T?> TryAsync<T>(AsyncUnaryCall<T> call)
        where T : class
    {
        using (call)
        {
            Interlocked.Increment(ref _calls);
            try
            {
                return await call;
            }
            catch (RpcException refusal)
            {
                Cancellation.ThrowIfCancellationRequested();
                Count(refusal.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason ?? refusal.StatusCode.ToString());
                await Task.Delay(RefusalPause, TimeProvider.System, Cancellation);
                return null;
            }
        }
    }

    /// <summary>Makes a call over HTTP; the function returns the reason of a refusal, or null.</summary>
    public async Task TryAsync(Func<Task<string?>> call)
    {
        Interlocked.Increment(ref _calls);
        try
        {
            if (await call() is { } reason)
            {
                Count(reason);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            Cancellation.ThrowIfCancellationRequested();
            Count("connection closed");
        }
    }

    /// <summary>Submits a video and returns its job when it is terminal; null if a call was refused.</summary>
    public async Task<Job?> RunJobAsync(SubmitVideoRequest request)
    {
        var job = (await TryAsync(Jobs.SubmitVideoAsync(request, cancellationToken: Cancellation)))?.Job;
        while (job?.Status is JobStatus.Pending or JobStatus.Running)
        {
            var wait = new WaitJobRequest { JobId = job.JobId, Etag = job.Etag };
            job = (await TryAsync(Jobs.WaitJobAsync(wait, cancellationToken: Cancellation)))?.Job;
        }

        return job;
    }

    /// <summary>Runs a loop in several concurrent callers until the end of the attack.</summary>
    public Task RepeatAsync(int callers, Func<Task> body) =>
        Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(
            async () =>
            {
                while (!Cancellation.IsCancellationRequested)
                {
                    await body();
                }
            },
            CancellationToken.None)));

    /// <summary>
    /// Signals every decoder of the attack's video, which is the second stream of its file, until the attack ends.
    /// </summary>
    public async Task SignalDecodersAsync(string signal)
    {
        const string SecondStream = "0:1";
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        while (await timer.WaitForNextTickAsync(Cancellation))
        {
            foreach (var id in ChildProcesses.Below(Order.InferenceServiceId).Where(IsOwnDecoder))
            {
                using var kill = Process.Start(
                    "kill", [$"-{signal}", id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
                await kill.WaitForExitAsync(Cancellation);
            }
        }

        static bool IsOwnDecoder(int id)
        {
            try
            {
                return ChildProcesses.NameOf(id) == "ffmpeg"
                    && File.ReadAllText($"/proc/{id}/cmdline").Split('\0').Contains(SecondStream);
            }
            catch (IOException)
            {
                // The process has ended.
                return false;
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _channel.Dispose();

    private void Count(string reason) => _refused.AddOrUpdate(reason, 1, static (_, count) => count + 1);
}
