using ForegSyte.Benchmarks;
using ForegSyte.Cluster.Running;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;

namespace ForegSyte.Cluster.Scenarios;

/// <summary>The throughput at several numbers of simulated devices, in ratio to what the devices can do.</summary>
internal static class ScalingScenario
{
    /// <summary>The least part of the devices' throughput that the JobServices should reach.</summary>
    private const double Goal = 0.95;

    private const int Submitters = 8;

    // The devices are not all busy while the first jobs start and the last jobs end.
    private const double LeftOut = 0.1;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>Measures one number of devices.</summary>
    public static async Task<IReadOnlyList<Row>> MeasureAsync(
        ClusterSettings settings, ClusterServers servers, TimeSpan duration, CancellationToken cancellationToken)
    {
        await using var cluster = await RunningCluster.StartAsync(settings, servers);
        await cluster.RunBaselineAsync(cancellationToken);
        var before = cluster.Segments.Count;
        var (nodeSeconds, serverSeconds) = (cluster.NodeSeconds, cluster.ServerSeconds);
        var segmentTime = settings.SegmentTime!.Value;
        var request = new SubmitVideoRequest { Uri = JobRequest.VideoUri, PipelineId = "detect_only" };
        var segmentsOfJob = Devices.SimulatedInferenceService.FrameCount / settings.SegmentFrames;
        var jobs = (int)Math.Ceiling(duration / segmentTime * settings.Devices / segmentsOfJob);
        await Task.WhenAll(Enumerable.Range(0, Submitters).Select(async submitter =>
        {
            for (var i = submitter; i < jobs; i += Submitters)
            {
                var call = request.Clone();
                call.RequestId = Guid.NewGuid().ToString();
                await cluster.Client.SubmitVideoAsync(call, cancellationToken: cancellationToken);
            }
        }));
        await WaitForAllAsync(cluster, jobs, cancellationToken);

        nodeSeconds = cluster.NodeSeconds - nodeSeconds;
        serverSeconds = cluster.ServerSeconds - serverSeconds;
        var ends = cluster.Segments.Skip(before).Select(pair => pair.Segment.End).ToList();
        var counted = ends[(int)(ends.Count * LeftOut)..(int)(ends.Count * (1 - LeftOut))];
        var rate = (counted.Count - 1) / (counted[^1] - counted[0]).TotalSeconds;
        var what = $"{settings.Nodes} JobServices, {settings.Devices} simulated devices";
        return
        [
            Row.AtLeast(
                what, rate, "segments/s", "the devices alone", settings.Devices / segmentTime.TotalSeconds, Goal),
            new Row(
                $"{what}: processor time of a segment",
                FormattableString.Invariant(
                    $"JobServices {Milliseconds(nodeSeconds):F1} ms, servers {Milliseconds(serverSeconds):F1} ms")),
        ];

        double Milliseconds(double seconds) => seconds * 1000 / ends.Count;
    }

    private static async Task WaitForAllAsync(RunningCluster cluster, int jobs, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Few calls, because they cost processor time that the table counts.
            var listed = await cluster.ListAsync(cancellationToken);
            if (listed.Find(job => job.Status is JobStatus.Failed or JobStatus.Cancelled) is { } failed)
            {
                throw new InvalidOperationException($"A job without faults ended as {failed}.");
            }

            if (listed.Count(job => job.Status == JobStatus.Completed) == jobs)
            {
                return;
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }
}
