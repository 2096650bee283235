using System.Collections.Concurrent;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.EndToEnd.Tests.Restarts;

/// <summary>Results of all callers of a load.</summary>
internal sealed class LoadStatistics
{
    private int _calls;
    private int _retries;

    /// <summary>Acknowledged jobs.</summary>
    public ConcurrentQueue<string> JobIds { get; } = [];

    /// <summary>Calls that failed after all retries.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>Calls, without retries.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public int Retries => Volatile.Read(ref _retries);

    public void CountCall() => Interlocked.Increment(ref _calls);

    public void CountRetries(int count) => Interlocked.Add(ref _retries, count);
}

/// <summary>
/// A caller with ForegSyte's client and its defaults: submits, waits, reads and lists, one job at a time.
/// </summary>
internal static class SdkLoad
{
    public static async Task RunAsync(
        Installation services, SubmitOptions options, LoadStatistics statistics, Task stop)
    {
        using var counter = new RequestCounter();
        await using var client = services.Client(channel =>
        {
            counter.InnerHandler = channel.HttpHandler!;
            channel.HttpHandler = counter;
        });
        var calls = 0;
        while (!stop.IsCompleted)
        {
            try
            {
                var job = await CountAsync(client.SubmitFileAsync(RepositoryFiles.Pedestrians, options));
                statistics.JobIds.Enqueue(job.JobId);
                var isEnded = false;
                while (!isEnded)
                {
                    job = await CountAsync(client.WaitJobAsync(job.JobId, job.Etag, TimeSpan.FromSeconds(5)));
                    isEnded = job.Status.IsTerminal();
                    job = await CountAsync(client.GetJobAsync(job.JobId));
                }

                await CountAsync(client.GetResultsPageAsync(job.JobId));
                await CountAsync(client.ListPipelinesAsync().ToListAsync().AsTask());
            }
            catch (ForegSyteException failure)
            {
                statistics.Failures.Enqueue($"SDK: {failure.Code}: {failure.Message}");
            }
        }

        statistics.CountRetries(counter.Requests - calls);

        Task<T> CountAsync<T>(Task<T> call)
        {
            calls++;
            statistics.CountCall();
            return call;
        }
    }

    /// <summary>Counts HTTP requests, retries included.</summary>
    private sealed class RequestCounter : DelegatingHandler
    {
        private int _requests;

        public int Requests => Volatile.Read(ref _requests);

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _requests);
            return base.SendAsync(request, cancellationToken);
        }
    }
}

/// <summary>
/// A caller with generated stubs only, as in any language: it retries UNAVAILABLE after the delay of RetryInfo, or
/// after a fixed delay without RetryInfo.
/// </summary>
internal static class StubLoad
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    /// <summary>Time after which a caller gives up.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromMinutes(1);

    public static async Task RunAsync(
        Uri address, string pipelineId, int maxFrames, LoadStatistics statistics, Task stop)
    {
        using var channel = GrpcChannel.ForAddress(
            address,
            new GrpcChannelOptions { InitialReconnectBackoff = RetryDelay, MaxReconnectBackoff = RetryDelay });
        var client = new Contract.JobServiceClient(channel);
        var video = ByteString.CopyFrom(
            await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, CancellationToken.None));
        while (!stop.IsCompleted)
        {
            var request = new SubmitVideoRequest
            {
                Content = video,
                PipelineId = pipelineId,
                Options = new JobOptions { MaxFrames = maxFrames },
                RequestId = Guid.NewGuid().ToString(),
            };
            var submitted = await CallAsync(options => client.SubmitVideoAsync(request, options), statistics);
            if (submitted is not { Job: { } job })
            {
                continue;
            }

            statistics.JobIds.Enqueue(job.JobId);
            while (job is { Status: JobStatus.Pending or JobStatus.Running })
            {
                var wait = new WaitJobRequest
                {
                    JobId = job.JobId,
                    Etag = job.Etag,
                    Timeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(5)),
                };
                job = (await CallAsync(options => client.WaitJobAsync(wait, options), statistics))?.Job;
                await CallAsync(
                    options => client.ListJobsAsync(new ListJobsRequest { PageSize = 5 }, options), statistics);
            }
        }
    }

    private static async Task<T?> CallAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, LoadStatistics statistics)
        where T : class
    {
        statistics.CountCall();
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + CallTimeout;
                return await call(new CallOptions(deadline: deadline));
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable
                && TimeProvider.System.GetElapsedTime(start) < CallTimeout)
            {
                statistics.CountRetries(1);
                var delay = failure.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();
                await Task.Delay(delay ?? RetryDelay);
            }
            catch (RpcException failure)
            {
                statistics.Failures.Enqueue($"stub: {failure.Status}");
                return null;
            }
        }
    }
}
