namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>ForegSyte's metrics, and who exports them.</summary>
internal static class ExportedMetrics
{
    private const string RuntimePrefix = "dotnet_";

    /// <summary>
    /// What a service exports only where a GPU computes. That these are made there is checked by the tests of the
    /// InferenceService.
    /// </summary>
    private static readonly MetricFamily[] OnAGpu =
    [
        new(
            "foregsyte_inference_device_memory_used_bytes", "gauge",
            "Used memory of the GPU, by all processes.", []),
        new("foregsyte_inference_device_memory_limit_bytes", "gauge", "Total memory of the GPU.", []),
    ];

    /// <summary>All of ForegSyte's own, by name.</summary>
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
                .Concat(OnAGpu.Select(family => (family, "InferenceService on a GPU")))
                .OrderBy(row => row.family.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Those of .NET itself.</summary>
    public static IEnumerable<MetricFamily> Runtime(MeasuredInstallation measured) => measured.Jobs.Families
        .Where(family => family.Name.StartsWith(RuntimePrefix, StringComparison.Ordinal));

    private static List<MetricFamily> Own(MetricsPage page) => [.. page.Families
        .Where(family => family.Name != "target_info")
        .Where(family => !family.Name.StartsWith(RuntimePrefix, StringComparison.Ordinal))];
}
