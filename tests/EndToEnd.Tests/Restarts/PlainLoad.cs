using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.EndToEnd.Tests.Restarts;

/// <summary>
/// A caller with generated stubs and nothing else: repeats what is UNAVAILABLE, after the time of RetryInfo where there
/// is one and a fixed one where there is none, as any language's client can.
/// </summary>
internal static class PlainLoad
{
    private const int MaxAttempts = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(
        Uri address, string pipelineId, int maxFrames, LoadTally tally, Func<bool> goesOn)
    {
        using var channel = GrpcChannel.ForAddress(
            address, new GrpcChannelOptions { InitialReconnectBackoff = Pause, MaxReconnectBackoff = Pause });
        var client = new Contract.JobServiceClient(channel);
        var video = ByteString.CopyFrom(
            await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, CancellationToken.None));
        while (goesOn())
        {
            var request = new SubmitVideoRequest
            {
                Content = video,
                PipelineId = pipelineId,
                Options = new JobOptions { MaxFrames = maxFrames },
                RequestId = Guid.NewGuid().ToString(),
            };
            if (await CallAsync(options => client.SubmitVideoAsync(request, options), tally) is not { Job: { } job })
            {
                continue;
            }

            tally.JobIds.Enqueue(job.JobId);
            while (job is { Status: JobStatus.Pending or JobStatus.Running })
            {
                var wait = new WaitJobRequest
                {
                    JobId = job.JobId,
                    Etag = job.Etag,
                    Timeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(5)),
                };
                job = (await CallAsync(options => client.WaitJobAsync(wait, options), tally))?.Job;
                await CallAsync(options => client.ListJobsAsync(new ListJobsRequest { PageSize = 5 }, options), tally);
            }
        }
    }

    private static async Task<T?> CallAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, LoadTally tally)
        where T : class
    {
        tally.Count();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + Deadline;
                return await call(new CallOptions(deadline: deadline));
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable && attempt < MaxAttempts)
            {
                tally.CountRetries(1);
                var asked = failure.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();
                await Task.Delay(asked ?? Pause);
            }
            catch (RpcException failure)
            {
                tally.Failures.Enqueue($"plain client: {failure.Status}");
                return null;
            }
        }
    }
}
