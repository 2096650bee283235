using System.Security.Cryptography;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace ForegSyte.Benchmarks.Fairness;

/// <summary>A clip that the honest tenant submitted.</summary>
/// <param name="Latency">From its submission to its results; of an unfinished one, so far.</param>
/// <param name="IsComplete">Whether it got its results.</param>
/// <param name="Failure">The call that failed and why; null if none did.</param>
/// <param name="JobId">Its job; empty if there is none.</param>
internal sealed record HonestClip(TimeSpan Latency, bool IsComplete, string? Failure, string JobId);

/// <summary>
/// Submits a clip every second, whether or not earlier ones are complete: creates an upload, sends its part, submits
/// it, waits for the job, reads the results, and then downloads the video over HTTP. It makes each call once.
/// </summary>
internal sealed class HonestTenant : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(60);

    private readonly GrpcChannel _channel;
    private readonly HttpClient _http;
    private readonly JobService.JobServiceClient _jobs;
    private readonly UploadService.UploadServiceClient _uploads;
    private readonly Uri _httpAddress;
    private readonly Uri? _source;
    private readonly ByteString _clip;
    private readonly string _sha256;

    /// <param name="services">The services.</param>
    /// <param name="clip">The clip.</param>
    /// <param name="source">Its uri, if it is submitted by uri instead of an upload.</param>
    public HonestTenant(TwoTenants services, byte[] clip, Uri? source)
    {
        (_httpAddress, _source) = (services.HttpAddress, source);
        _clip = ByteString.CopyFrom(clip);
        _sha256 = Convert.ToHexStringLower(SHA256.HashData(clip));
        _channel = services.Channel();
        var invoker = _channel.Intercept(services.WithKey(services.HonestKey));
        _jobs = new JobService.JobServiceClient(invoker);
        _uploads = new UploadService.UploadServiceClient(invoker);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        _http.DefaultRequestHeaders.Add("x-api-key", services.HonestKey);
    }

    /// <summary>Submits clips and returns when they are complete, or at the end of the grace time.</summary>
    /// <param name="count">Number of clips, one per second.</param>
    /// <param name="grace">Time after the last second in which clips can still complete.</param>
    /// <param name="cancellationToken">Ends the submissions and the waits.</param>
    public async Task<IReadOnlyList<HonestClip>> SubmitAsync(
        int count, TimeSpan grace, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter((Interval * count) + grace);
        var clips = new List<Task<HonestClip>>();
        using var timer = new PeriodicTimer(Interval, TimeProvider.System);
        do
        {
            clips.Add(SubmitAsync(end.Token));
        }
        while (clips.Count < count && await NextAsync(timer, cancellationToken));

        return await Task.WhenAll(clips);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _http.Dispose();
        _channel.Dispose();
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<HonestClip> SubmitAsync(CancellationToken end)
    {
        var start = TimeProvider.System.GetTimestamp();
        var (call, jobId) = ("", "");
        try
        {
            call = "SubmitVideo";
            var request = new SubmitVideoRequest { PipelineId = "detect_only" };
            if (_source is not null)
            {
                request.Uri = _source.ToString();
            }
            else
            {
                call = "CreateUpload";
                var create = new CreateUploadRequest { SizeBytes = _clip.Length, Sha256 = _sha256 };
                var upload = (await _uploads.CreateUploadAsync(create, Options(end))).Upload;
                call = "UploadPart";
                var part = new UploadPartRequest { UploadId = upload.UploadId, Data = _clip };
                await _uploads.UploadPartAsync(part, Options(end));
                call = "SubmitVideo";
                request.UploadId = upload.UploadId;
            }

            var job = (await _jobs.SubmitVideoAsync(request, Options(end))).Job;
            jobId = job.JobId;
            call = "WaitJob";
            while (job.Status is JobStatus.Pending or JobStatus.Running)
            {
                var wait = new WaitJobRequest { JobId = jobId, Etag = job.Etag };
                job = (await _jobs.WaitJobAsync(wait, Options(end))).Job;
            }

            if (job.Status != JobStatus.Completed)
            {
                var reason = job.Error?.GetDetail<ErrorInfo>()?.Reason ?? job.ErrorMessage;
                return Ended(isComplete: false, $"job {job.Status}: {reason}");
            }

            call = "GetJobResults";
            await _jobs.GetJobResultsAsync(new GetJobResultsRequest { JobId = jobId }, Options(end));
            var complete = Ended(isComplete: true, failure: null);
            call = "GET video";
            using var video = await _http.GetAsync(new Uri(_httpAddress, $"/v1/jobs/{jobId}/video"), end);
            return video.IsSuccessStatusCode
                ? complete
                : complete with { Failure = $"{call}: HTTP {(int)video.StatusCode}" };
        }
        catch (Exception) when (end.IsCancellationRequested)
        {
            return Ended(isComplete: false, failure: null);
        }
        catch (RpcException failure)
        {
            var reason = failure.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason ?? failure.StatusCode.ToString();
            return Ended(isComplete: false, $"{call}: {reason}");
        }
        catch (HttpRequestException failure)
        {
            return Ended(isComplete: false, $"{call}: {failure.HttpRequestError}");
        }

        HonestClip Ended(bool isComplete, string? failure) =>
            new(TimeProvider.System.GetElapsedTime(start), isComplete, failure, jobId);
    }

    private static CallOptions Options(CancellationToken cancellationToken) => new(
        deadline: TimeProvider.System.GetUtcNow().UtcDateTime + CallTimeout, cancellationToken: cancellationToken);
}
