using System.Text.RegularExpressions;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>Both services with everything exported, after one job.</summary>
public sealed partial class MeasuredInstallation : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private Installation? _services;

    /// <summary>The collector that both send to.</summary>
    public Collector Collector { get; private set; } = null!;

    /// <summary>Both services.</summary>
    public Installation Services => _services!;

    /// <summary>The job.</summary>
    public Job Job { get; private set; } = new();

    /// <summary>The page of the JobService.</summary>
    public MetricsPage Jobs { get; private set; } = new("");

    /// <summary>The page of the InferenceService.</summary>
    public MetricsPage Inference { get; private set; } = new("");

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        Collector = await Collector.StartAsync();
        var settings = new Dictionary<string, string>(Collector.Settings) { ["Telemetry:PrometheusPort"] = "0" };
        _services = new Installation(settings, settings);
        await Services.StartAsync();
        await using var client = Services.Client();
        Job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "yolo_ocr", FrameStride = 25 });
        Job = await client.WaitForCompletionAsync(Job.JobId, TimeSpan.FromMinutes(2));
        Jobs = new MetricsPage(await FetchAsync(Services.JobService));
        Inference = new MetricsPage(await FetchAsync(Services.InferenceService));
    }

    /// <summary>Fetches a page as Prometheus does.</summary>
    /// <param name="service">Whose page.</param>
    /// <param name="accept">The format; the classic one by default.</param>
    public async Task<string> FetchAsync(ServiceProcess service, string accept = "text/plain; version=0.0.4")
    {
        // The port of the page is the last one that the service names.
        var port = ListeningLine().Matches(service.Output)[^1].Groups["address"].Value;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{port}/metrics");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var answer = await _http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        await Collector.DisposeAsync();
        _http.Dispose();
    }

    [GeneratedRegex(@"Now listening on: (?<address>http://\S+)")]
    private static partial Regex ListeningLine();
}
