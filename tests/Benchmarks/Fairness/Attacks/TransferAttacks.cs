using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Fairness.Attacks;

/// <summary>SubmitVideo with remote videos that arrive one byte per second.</summary>
internal sealed class SlowFetches : Attack
{
    private const int Callers = 16;

    public override string Name => "slow-fetches";

    public override bool HonestTenantFetches => true;

    public override Task RunAsync(HostileTenant tenant)
    {
        var request = new SubmitVideoRequest
        {
            Uri = tenant.Order.SlowSource.ToString(),
            PipelineId = "detect_only",
        };
        return tenant.RepeatAsync(
            Callers,
            () => tenant.TryAsync(tenant.Jobs.SubmitVideoAsync(request, cancellationToken: tenant.Cancellation)));
    }
}

/// <summary>Downloads of a large video over HTTP that read a little every second.</summary>
internal sealed class SlowDownloads : Attack
{
    private const int Callers = 300;
    private const int BytesPerSecond = 20_000;

    public override string Name => "slow-downloads";

    public override AttackVideo Video => AttackVideo.LargeFile;

    public override async Task RunAsync(HostileTenant tenant)
    {
        SubmitVideoResponse? submitted = null;
        while (submitted is null)
        {
            submitted = await tenant.TryAsync(
                tenant.Jobs.SubmitVideoAsync(tenant.SubmitRequest(), cancellationToken: tenant.Cancellation));
        }

        // One connection per download: what a connection does not read stays in its own buffers.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var address = new Uri(tenant.Order.HttpAddress, $"/v1/jobs/{submitted.Job.JobId}/video");
        await tenant.RepeatAsync(Callers, () => tenant.TryAsync(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.Add("x-api-key", tenant.Order.ApiKey);
            using var response = await client.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, tenant.Cancellation);
            if (!response.IsSuccessStatusCode)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, tenant.Cancellation);
                return $"HTTP {(int)response.StatusCode}";
            }

            await using var video = await response.Content.ReadAsStreamAsync(tenant.Cancellation);
            var piece = new byte[BytesPerSecond];
            while (await video.ReadAsync(piece, tenant.Cancellation) > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, tenant.Cancellation);
            }

            return null;
        }));
    }
}
