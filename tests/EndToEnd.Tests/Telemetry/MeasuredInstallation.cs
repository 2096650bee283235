using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>Both services with all telemetry exported, after one job.</summary>
public sealed partial class MeasuredInstallation : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private Installation? _services;

    /// <summary>The collector of both services.</summary>
    public Collector Collector { get; private set; } = null!;

    /// <summary>Both services.</summary>
    public Installation Services => _services!;

    /// <summary>The job.</summary>
    public Job Job { get; private set; } = new();

    /// <summary>Metrics of the JobService.</summary>
    public MetricsPage Jobs { get; private set; } = new("");

    /// <summary>Metrics of the InferenceService.</summary>
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
        Job = await client.WaitForCompletionAsync(Job.JobId, Wait.Timeout);

        // A service counts a call after its response, so the counters can lag behind the completed job.
        Jobs = await FetchWhenAsync(
            Services.JobService,
            page => page.Sum("foregsyte_jobs_attempt_duration_seconds_count") >= 1
                && page.Sum("foregsyte_jobs_ended_total") >= 1);
        Inference = await FetchWhenAsync(
            Services.InferenceService,
            page => page.Sum("rpc_server_call_duration_seconds_count", MetricsTests.RunPipeline)
                == page.Sum("foregsyte_inference_segment_duration_seconds_count"));
    }

    /// <summary>Fetches the metrics of a service as Prometheus does.</summary>
    /// <param name="service">The service.</param>
    /// <param name="accept">The format.</param>
    public async Task<string> FetchAsync(ServiceProcess service, string accept = "text/plain; version=0.0.4")
    {
        // The metrics port is the last one that the service logs.
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

    private async Task<MetricsPage> FetchWhenAsync(ServiceProcess service, Func<MetricsPage, bool> isComplete) =>
        new(await Wait.ForAsync(
            () => FetchAsync(service), text => isComplete(new MetricsPage(text)), "the metrics count the whole job"));

    [GeneratedRegex(@"Now listening on: (?<address>http://\S+)")]
    private static partial Regex ListeningLine();
}

/// <summary>Metrics in Prometheus text format.</summary>
public sealed partial class MetricsPage
{
    private const string ScopeLabel = "otel_scope_name";

    private readonly List<(string Name, Dictionary<string, string> Labels, double Value)> _samples = [];

    /// <summary>Parses the format; an invalid line fails the test.</summary>
    public MetricsPage(string text)
    {
        var (types, helps) = (new Dictionary<string, string>(), new Dictionary<string, string>());
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#'))
            {
                var words = line.Split(' ', 4);
                (words[1] == "TYPE" ? types : helps)[words[2]] = words[3];
                continue;
            }

            var match = SampleLine().Match(line);
            Assert.True(match.Success, $"Not a line of the Prometheus format: {line}");
            _samples.Add((
                match.Groups["name"].Value,
                LabelPair().Matches(match.Groups["labels"].Value)
                    .ToDictionary(label => label.Groups["name"].Value, label => label.Groups["value"].Value),
                double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)));
        }

        Families =
        [
            .. types.Select(type => new MetricFamily(type.Key, type.Value, helps[type.Key], LabelsOf(type.Key))),
        ];
    }

    /// <summary>All metrics.</summary>
    public IReadOnlyList<MetricFamily> Families { get; }

    /// <summary>Sum of the series with these labels ("name=value").</summary>
    public double Sum(string name, params string[] labels) => _samples
        .Where(sample => sample.Name == name && labels.All(label =>
            sample.Labels.GetValueOrDefault(label.Split('=')[0]) == label.Split('=')[1]))
        .Sum(sample => sample.Value);

    private IReadOnlyCollection<string> LabelsOf(string family) => [.. _samples
        .Where(sample => sample.Name == family || sample.Name == family + "_count")
        .SelectMany(sample => sample.Labels.Keys)
        .Where(label => label != ScopeLabel)
        .Distinct()
        .Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"^(?<name>[a-z_0-9]+)(\{(?<labels>.*)\})? (?<value>[0-9.eE+-]+|NaN|\+Inf)( [0-9]+)?$")]
    private static partial Regex SampleLine();

    [GeneratedRegex(@"(?<name>[a-z_]+)=""(?<value>(\\.|[^""\\])*)""")]
    private static partial Regex LabelPair();
}

/// <summary>A metric.</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">"counter", "gauge" or "histogram".</param>
/// <param name="Help">The description.</param>
/// <param name="Labels">Names of its labels, without that of its meter.</param>
public sealed record MetricFamily(string Name, string Type, string Help, IReadOnlyCollection<string> Labels)
{
    /// <summary>The names for queries.</summary>
    public IEnumerable<string> SeriesNames => Type == "histogram"
        ? [Name + "_bucket", Name + "_sum", Name + "_count"]
        : [Name];

    /// <summary>The unit, from the name.</summary>
    public string Unit => Name.Contains("_seconds", StringComparison.Ordinal) ? "seconds"
        : Name.Contains("_bytes", StringComparison.Ordinal) ? "bytes"
        : "number";
}

/// <summary>ForegSyte's metrics and the services that export them.</summary>
internal static class ExportedMetrics
{
    private const string RuntimePrefix = "dotnet_";

    /// <summary>Metrics that exist only with a GPU; the unit tests of the InferenceService cover them.</summary>
    private static readonly MetricFamily[] GpuOnly =
    [
        new(
            "foregsyte_inference_device_memory_used_bytes", "gauge",
            "Used memory of the GPU, by all processes.", []),
        new("foregsyte_inference_device_memory_limit_bytes", "gauge", "Total memory of the GPU.", []),
    ];

    /// <summary>ForegSyte's metrics, sorted by name.</summary>
    public static IReadOnlyList<(MetricFamily Family, string Service)> Of(MeasuredInstallation measured)
    {
        var jobs = Own(measured.Jobs);
        var inference = Own(measured.Inference).ToList();
        var both = jobs.IntersectBy(inference.Select(family => family.Name), family => family.Name)
            .Select(family => family.Name).ToHashSet();
        return
        [
            .. jobs.Where(family => both.Contains(family.Name)).Select(family => (family, "both services"))
                .Concat(jobs.Where(family => !both.Contains(family.Name)).Select(family => (family, "JobService")))
                .Concat(inference.Where(family => !both.Contains(family.Name))
                    .Select(family => (family, "InferenceService")))
                .Concat(GpuOnly.Select(family => (family, "InferenceService on a GPU")))
                .OrderBy(row => row.family.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Metrics of the .NET runtime.</summary>
    public static IEnumerable<MetricFamily> Runtime(MeasuredInstallation measured) => measured.Jobs.Families
        .Where(family => family.Name.StartsWith(RuntimePrefix, StringComparison.Ordinal));

    private static List<MetricFamily> Own(MetricsPage page) => [.. page.Families
        .Where(family => family.Name != "target_info")
        .Where(family => !family.Name.StartsWith(RuntimePrefix, StringComparison.Ordinal))];
}
