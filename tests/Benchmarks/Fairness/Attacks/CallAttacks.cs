using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Benchmarks.Fairness.Attacks;

/// <summary>Thousands of pending jobs of top priority.</summary>
internal sealed class LongQueue : Attack
{
    private const int Callers = 8;
    private const int TopPriority = 9;

    public override string Name => "long-queue";

    public override async Task RunAsync(HostileTenant tenant)
    {
        var first = tenant.SubmitRequest();
        first.Priority = TopPriority;
        SubmitVideoResponse? submitted = null;
        while (submitted is null)
        {
            submitted = await tenant.TryAsync(
                tenant.Jobs.SubmitVideoAsync(first, cancellationToken: tenant.Cancellation));
        }

        var next = new SubmitVideoRequest
        {
            SourceJobId = submitted.Job.JobId,
            PipelineId = first.PipelineId,
            Priority = TopPriority,
        };
        await tenant.RepeatAsync(
            Callers,
            () => tenant.TryAsync(tenant.Jobs.SubmitVideoAsync(next, cancellationToken: tenant.Cancellation)));
    }
}

/// <summary>
/// As many WaitJob calls as the service accepts, on one running job. Its decoders are stopped (SIGSTOP), so that the
/// job takes no processor time and does not change.
/// </summary>
internal sealed class WaitingCalls : Attack
{
    /// <summary>More than the default of Calls:MaxWaiting.</summary>
    private const int Callers = 21_000;

    public override string Name => "waiting-calls";

    public override AttackVideo Video => AttackVideo.SecondStream;

    public override Task RunAsync(HostileTenant tenant) =>
        Task.WhenAll(tenant.SignalDecodersAsync("STOP"), WaitAsync(tenant));

    private static async Task WaitAsync(HostileTenant tenant)
    {
        SubmitVideoResponse? submitted = null;
        while (submitted is null)
        {
            submitted = await tenant.TryAsync(
                tenant.Jobs.SubmitVideoAsync(tenant.SubmitRequest(), cancellationToken: tenant.Cancellation));
        }

        var job = submitted.Job;
        while (job.Status == JobStatus.Pending)
        {
            job = (await tenant.Jobs.GetJobAsync(
                new GetJobRequest { JobId = job.JobId }, cancellationToken: tenant.Cancellation)).Job;
        }

        var wait = new WaitJobRequest
        {
            JobId = job.JobId,
            Etag = job.Etag,
            Timeout = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)),
            View = JobView.Basic,
        };
        await tenant.RepeatAsync(Callers, async () =>
        {
            var waited = await tenant.TryAsync(
                tenant.Jobs.WaitJobAsync(wait, cancellationToken: tenant.Cancellation));
            if (waited is null)
            {
                // Refused: the service has all the waiting calls that it accepts. Try again when one may have ended.
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, tenant.Cancellation);
            }
            else
            {
                wait.Etag = waited.Job.Etag;
            }
        });
    }
}

/// <summary>ListJobs and GetJobResults without pause.</summary>
internal sealed class ReadStorm : Attack
{
    private const int Jobs = 3;
    private const int Callers = 64;

    public override string Name => "reads";

    public override async Task RunAsync(HostileTenant tenant)
    {
        var request = tenant.SubmitRequest();
        Job? job = null;
        for (var count = 0; count < Jobs || job is null; count++)
        {
            job = await tenant.RunJobAsync(request) ?? job;
        }

        // A filter that no job matches makes the service look at all of them.
        var list = new ListJobsRequest { PageSize = 1000, View = JobView.Full };
        var search = new ListJobsRequest { PageSize = 1000, Filter = "display_name:\"nothing\"" };
        var results = new GetJobResultsRequest { JobId = job.JobId };
        await tenant.RepeatAsync(Callers, async () =>
        {
            await tenant.TryAsync(tenant.Jobs.ListJobsAsync(list, cancellationToken: tenant.Cancellation));
            await tenant.TryAsync(tenant.Jobs.ListJobsAsync(search, cancellationToken: tenant.Cancellation));
            await tenant.TryAsync(tenant.Jobs.GetJobResultsAsync(results, cancellationToken: tenant.Cancellation));
        });
    }
}

/// <summary>
/// Calls without a key whose paths grow sixfold in JSON: 8 KB sent become 48 KB in the audit log.
/// </summary>
internal sealed class RefusedCalls : Attack
{
    private const int Callers = 32;
    private const int PathLength = 8_000;

    public override string Name => "refused-calls";

    public override async Task RunAsync(HostileTenant tenant)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            UseProxy = false,
        });
        var address = new Uri(tenant.Order.JobAddress, "/" + new string('+', PathLength));
        await tenant.RepeatAsync(Callers, () => tenant.TryAsync(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address)
            {
                Version = System.Net.HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new ByteArrayContent(new byte[5]),
            };
            request.Content.Headers.ContentType = new("application/grpc");
            request.Headers.TE.Add(new("trailers"));
            using var response = await client.SendAsync(request, tenant.Cancellation);
            return Reason(response);
        }));
    }

    private static string Reason(HttpResponseMessage response)
    {
        const string Status = "grpc-status";
        var values = response.Headers.TryGetValues(Status, out var head) ? head
            : response.TrailingHeaders.TryGetValues(Status, out var tail) ? tail
            : [];
        return values.FirstOrDefault() is { } code && System.Enum.TryParse<Grpc.Core.StatusCode>(code, out var status)
            ? status.ToString()
            : $"HTTP {(int)response.StatusCode}";
    }
}
