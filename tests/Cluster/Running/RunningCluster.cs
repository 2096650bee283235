using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Cluster.Devices;
using ForegSyte.Testing;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.Cluster.Running;

/// <summary>JobServices and InferenceServices as processes, with a database and a bucket of their own.</summary>
internal sealed partial class RunningCluster : IJobServiceAccess, IAsyncDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    private readonly TemporaryFolder _folder;
    private readonly ServiceProcess[] _devices;
    private int _next;

    private RunningCluster(
        ClusterSettings settings, ClusterServers servers, TemporaryFolder folder, ServiceProcess[] devices,
        ClusterNode[] nodes)
    {
        (Settings, Servers, _folder, _devices, Nodes) = (settings, servers, folder, devices, nodes);
    }

    /// <summary>What it was started with.</summary>
    public ClusterSettings Settings { get; }

    /// <summary>The database server and the S3 server.</summary>
    public ClusterServers Servers { get; }

    /// <summary>The JobServices.</summary>
    public IReadOnlyList<ClusterNode> Nodes { get; }

    /// <summary>Stub of the next reachable node, in turn; of any node if none is reachable.</summary>
    public JobService.JobServiceClient Client
    {
        get
        {
            var reachable = Nodes.Where(node => node.IsReachable).ToArray();
            var nodes = reachable.Length > 0 ? reachable : [.. Nodes];
            return nodes[(int)((uint)Interlocked.Increment(ref _next) % nodes.Length)].Client;
        }
    }

    /// <inheritdoc />
    public string Output => string.Join('\n', Nodes.Select(node => node.Output));

    /// <summary>The segments that the simulated devices have finished, in the order of their ends.</summary>
    public IReadOnlyList<(int Device, DeviceSegment Segment)> Segments =>
    [
        .. _devices
            .SelectMany((device, index) => DeviceSegment.In(device.Output).Select(segment => (index + 1, segment)))
            .OrderBy(pair => pair.segment.End),
    ];

    /// <summary>Seconds of processor time of the JobServices.</summary>
    public double NodeSeconds => Nodes.Sum(node => node.ProcessorSeconds);

    /// <summary>Seconds of processor time of PostgreSQL and S3.</summary>
    public double ServerSeconds => ProcessTimes.SecondsOf(
        [.. Servers.Postgres?.Processes ?? [], .. Servers.Ceph?.Processes ?? []]);

    /// <summary>Starts the processes and returns when all listen.</summary>
    public static async Task<RunningCluster> StartAsync(ClusterSettings settings, ClusterServers servers)
    {
        if (settings is { Store: StoreKind.DuckDb, Nodes: > 1 })
        {
            throw new ArgumentException("Several JobServices need the store PostgreSql.", nameof(settings));
        }

        var folder = new TemporaryFolder();
        var devices = new List<ServiceProcess>();
        ClusterNode[] nodes = [];
        try
        {
            var common = new Dictionary<string, string>(
                await servers.SettingsAsync(settings, folder.File("shared")));
            for (var i = 0; i < settings.Devices; i++)
            {
                var (device, address) = await StartDeviceAsync(settings, servers, folder.File($"device{i + 1}"));
                devices.Add(device);
                common[string.Create(CultureInfo.InvariantCulture, $"Inference:Addresses:{i}")] = address.ToString();
            }

            AddNodeSettings(common, settings);
            nodes =
            [
                .. Enumerable.Range(0, settings.Nodes).Select(index => new ClusterNode(
                    $"node{index + 1}",
                    settings.NodeAddress(index),
                    new Dictionary<string, string>(common) { ["DataDirectory"] = DataFolder(index) },
                    settings.Wrapper(index),
                    settings.PreviousFolder)),
            ];

            // The first one migrates the database; the others start over a finished one.
            await nodes[0].StartAsync();
            await Task.WhenAll(nodes.Skip(1).Select(node => node.StartAsync()));
            return new RunningCluster(settings, servers, folder, [.. devices], nodes);
        }
        catch
        {
            await EndAsync(nodes, devices, folder);
            throw;
        }

        string DataFolder(int index) => folder.File($"node{index + 1}");
    }

    /// <inheritdoc />
    public async Task<byte[]> ReadResultsAsync(Job job, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var request = new GetJobResultsRequest { JobId = job.JobId };
        do
        {
            var page = await Client.GetJobResultsAsync(request, cancellationToken: cancellationToken);
            foreach (var frame in page.Results)
            {
                frame.WriteDelimitedTo(bytes);
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        return bytes.ToArray();
    }

    /// <summary>Returns when every node answers again after a fault that has ended.</summary>
    public async Task WaitUntilAllAnswerAsync(CancellationToken cancellationToken)
    {
        foreach (var node in Nodes)
        {
            var start = TimeProvider.System.GetTimestamp();
            while (!await AnswersAsync(node))
            {
                if (TimeProvider.System.GetElapsedTime(start) > Wait.Timeout)
                {
                    throw new TimeoutException($"{node.Name} does not answer. Its output:\n{node.Output}");
                }

                await Task.Delay(PollInterval, cancellationToken);
            }
        }

        async Task<bool> AnswersAsync(ClusterNode node)
        {
            try
            {
                await node.Client.ListJobsAsync(
                    new ListJobsRequest { PageSize = 1 },
                    deadline: TimeProvider.System.GetUtcNow().UtcDateTime + AnswerTimeout,
                    cancellationToken: cancellationToken);
                return true;
            }
            catch (RpcException) when (!cancellationToken.IsCancellationRequested)
            {
                return false;
            }
        }
    }

    /// <summary>Runs each request once without faults.</summary>
    /// <returns>Results and summary of a request.</returns>
    public async Task<Func<JobRequest, (byte[] Results, JobSummary Summary)>> RunBaselineAsync(
        CancellationToken cancellationToken)
    {
        var outcomes = new Dictionary<JobRequest, (byte[], JobSummary)>();
        foreach (var request in JobRequest.All)
        {
            var job = (await Client.SubmitVideoAsync(
                request.ToCall(Guid.NewGuid()), cancellationToken: cancellationToken)).Job;
            job = await this.WaitForEndAsync(job.JobId, cancellationToken);
            outcomes[request] = job.Status == JobStatus.Completed
                ? (await ReadResultsAsync(job, cancellationToken), job.Summary)
                : throw new InvalidOperationException($"A job without faults ended as {job}.");
            await Client.DeleteJobAsync(
                new DeleteJobRequest { JobId = job.JobId }, cancellationToken: cancellationToken);
        }

        return request => outcomes[request];
    }

    /// <summary>Index of the node that starts each attempt, by its log.</summary>
    public ILookup<string, (int Node, int Attempt)> Starts() => Nodes
        .SelectMany((node, index) => StartLine().Matches(node.Output).Select(match => (
            Job: match.Groups["job"].Value,
            Start: (index, int.Parse(match.Groups["attempt"].Value, CultureInfo.InvariantCulture)))))
        .ToLookup(start => start.Job, start => start.Start);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => EndAsync(Nodes, _devices, _folder);

    private static async Task<(ServiceProcess Process, Uri Address)> StartDeviceAsync(
        ClusterSettings settings, ClusterServers servers, string folder)
    {
        if (settings.SegmentTime is { } time)
        {
            return await ServiceProcess.StartProgramAsync(
                "dotnet", RepositoryFiles.BuiltAssembly("tests/Cluster", "ForegSyte.Cluster"), SimulatedDevice.Role,
                settings.HostAddress,
                time.TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
        }

        var device = new Dictionary<string, string>
        {
            ["DataDirectory"] = folder,
            ["Listen:Address"] = settings.HostAddress,
            ["Listen:Port"] = "0",
            ["Video:AllowedRoots:0"] = Path.GetTempPath(),
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
            ["Models:CataloguePath"] = Path.Combine(RepositoryFiles.Data, "models", "models.json"),
        };
        if (servers.Ceph is { } ceph)
        {
            device["Video:AllowedHosts:0"] = ceph.Endpoint.Authority;
            device["Video:AllowHttp"] = "true";
        }

        return await ServiceProcess.StartAsync("InferenceService", device);
    }

    private static void AddNodeSettings(Dictionary<string, string> common, ClusterSettings settings)
    {
        var added = new Dictionary<string, string>
        {
            ["Pipelines:Directory"] = settings.PreviousFolder is { } previous
                ? Path.Combine(previous, "data", "pipelines")
                : Path.Combine(RepositoryFiles.Data, "pipelines"),
            ["Submit:AllowedRoots:0"] = Path.GetDirectoryName(RepositoryFiles.Pedestrians)!,
            ["Dispatch:SegmentFrames"] = settings.SegmentFrames.ToString(CultureInfo.InvariantCulture),
            ["Dispatch:MaxConcurrentJobs"] = "16",
            ["Dispatch:LeaseDuration"] = settings.Lease.ToString(),
            ["Dispatch:HeartbeatInterval"] = (settings.Lease / 6).ToString(),
            ["Dispatch:RescueInterval"] = "00:00:00.250",
            ["Inference:HealthInterval"] = "00:00:00.250",
            ["Retry:MaxLostAttempts"] = "1000",
            ["Retry:FirstDelay"] = "00:00:00.050",
            ["Retry:MaxDelay"] = "00:00:00.500",
        };
        foreach (var (key, value) in added.Concat(settings.Settings))
        {
            common[key] = value;
        }
    }

    private static async ValueTask EndAsync(
        IEnumerable<ClusterNode> nodes, IEnumerable<ServiceProcess> devices, TemporaryFolder folder)
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        foreach (var device in devices)
        {
            await device.DisposeAsync();
        }

        folder.Dispose();
    }

    [GeneratedRegex(@"Job (?<job>[0-9a-f-]{36}) started \(attempt (?<attempt>[0-9]+)\)")]
    private static partial Regex StartLine();
}
