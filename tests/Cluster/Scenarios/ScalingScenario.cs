using ForegSyte.Benchmarks;
using ForegSyte.Cluster.Devices;
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
        var segmentsOfJob = SimulatedInferenceService.FrameCount / settings.SegmentFrames;
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
        var segments = cluster.Segments.Skip(before).Select(pair => pair.Segment).ToList();
        var rate = BusyPart(segments, settings.Devices) * settings.Devices / segmentTime.TotalSeconds;
        var what = FormattableString.Invariant(
            $"simulated devices: {settings.Devices}, JobServices: {settings.Nodes}");
        return
        [
            Row.AtLeast(
                what, rate, "segments/s", "the devices alone", settings.Devices / segmentTime.TotalSeconds, Goal),
            new Row(
                $"processor time of a segment ({what})",
                FormattableString.Invariant(
                    $"JobServices {Milliseconds(nodeSeconds):F1} ms, servers {Milliseconds(serverSeconds):F1} ms")),
        ];

        double Milliseconds(double seconds) => seconds * 1000 / segments.Count;
    }

    /// <summary>The part of the time during which the devices worked, without the beginning and the end.</summary>
    private static double BusyPart(List<DeviceSegment> segments, int devices)
    {
        var from = segments[(int)(segments.Count * LeftOut)].End;
        var until = segments[(int)(segments.Count * (1 - LeftOut))].End;
        var busy = segments.Sum(segment => Math.Max(
            0, (Earlier(segment.End, until) - Later(segment.Start, from)).TotalSeconds));
        return busy / ((until - from).TotalSeconds * devices);

        static DateTimeOffset Earlier(DateTimeOffset first, DateTimeOffset second) => first < second ? first : second;

        static DateTimeOffset Later(DateTimeOffset first, DateTimeOffset second) => first > second ? first : second;
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
