using System.CommandLine;
using System.Globalization;
using ForegSyte.Benchmarks;
using ForegSyte.Cluster.Running;
using ForegSyte.Cluster.Scenarios;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Cluster;

/// <summary>The command line: runs the chosen parts and prints one table.</summary>
internal static class ClusterCommand
{
    private const string Scaling = "scaling";
    private const string Equality = "equality";

    private static readonly IReadOnlyList<string> Parts =
        [Scaling, Equality, .. FaultScenarios.All.Select(scenario => scenario.Name), NetworkScenario.Name];

    /// <summary>Creates the command.</summary>
    public static RootCommand Create()
    {
        var parts = Text("--parts", $"Comma-separated parts: {string.Join(", ", Parts)}. Default: all.", "");
        var store = new Option<StoreKind>("--store")
        {
            Description = "Where jobs are.",
            DefaultValueFactory = _ => StoreKind.PostgreSql,
        };
        var storage = new Option<StorageKind>("--storage")
        {
            Description = "Where videos and results are.",
            DefaultValueFactory = _ => StorageKind.S3,
        };
        var nodes = Number("--nodes", "JobServices.", 3);
        var devices = Text("--devices", "Comma-separated numbers of simulated devices to compare.", "1,2,4,8");
        var segment = Number("--segment-milliseconds", "Time of a simulated device for a segment.", 100);
        var seconds = Number("--seconds", "Time at each number of devices.", 15);
        var faults = Number("--faults", "Faults of each kind.", 6);
        var seed = Number("--seed", "The same seed gives the same choices.", 1);
        var previous = Text(
            "--previous", "Built checkout of an earlier version, which the part upgrade starts with.", "");
        var minutes = Number("--minutes", "Time limit.", 15);
        var root = new RootCommand(
            "Runs several JobServices and InferenceServices as processes, disturbs them and checks every job. A "
            + "simulated device is an InferenceService that answers each segment after a fixed time: it measures the "
            + "JobServices and their stores, never inference.")
        {
            parts, store, storage, nodes, devices, segment, seconds, faults, seed, previous, minutes,
        };
        root.SetAction((arguments, cancellationToken) =>
        {
            var run = new ClusterRun(
                new ClusterSettings
                {
                    Nodes = arguments.GetValue(nodes),
                    Devices = 3,
                    Store = arguments.GetValue(store),
                    Storage = arguments.GetValue(storage),
                    SegmentTime = TimeSpan.FromMilliseconds(arguments.GetValue(segment)),
                },
                [.. NameList.Split(arguments.GetValue(devices)!)
                    .Select(number => int.Parse(number, CultureInfo.InvariantCulture))],
                TimeSpan.FromSeconds(arguments.GetValue(seconds)),
                new FaultLimits { Faults = arguments.GetValue(faults), Seed = arguments.GetValue(seed) },
                arguments.GetValue(previous) is { Length: > 0 } folder ? Path.GetFullPath(folder) : null);
            var chosen = NameList.Choose(arguments.GetValue(parts)!, Parts);
            return run.RunAsync(chosen, TimeSpan.FromMinutes(arguments.GetValue(minutes)), cancellationToken);
        });
        return root;
    }

    private static Option<string> Text(string name, string description, string defaultValue) =>
        new(name) { Description = description, DefaultValueFactory = _ => defaultValue };

    private static Option<int> Number(string name, string description, int defaultValue) =>
        new(name) { Description = description, DefaultValueFactory = _ => defaultValue };

    /// <summary>One run with its settings.</summary>
    private sealed record ClusterRun(
        ClusterSettings Settings, IReadOnlyList<int> Devices, TimeSpan Duration, FaultLimits Limits,
        string? PreviousFolder)
    {
        public async Task<int> RunAsync(
            IReadOnlyList<string> parts, TimeSpan timeLimit, CancellationToken cancellationToken)
        {
            await using var servers = new ClusterServers();
            return await BenchmarkRun.RunAsync(
                "cluster", timeLimit, PrepareAsync, cancellationToken, hasRounds: false);

            Task<IEnumerable<Benchmark>> PrepareAsync(BenchmarkRun run)
            {
                run.Facts.Add(FormattableString.Invariant(
                    $"JobServices: {Settings.Nodes}, store {Settings.Store}, storage {Settings.Storage}; simulated ")
                    + FormattableString.Invariant(
                        $"devices answer a segment after {Settings.SegmentTime!.Value.TotalMilliseconds} ms"));
                if (MissingServer() is { } missing)
                {
                    throw new InvalidOperationException(missing);
                }

                return Task.FromResult(
                    parts.Select(part => new Benchmark(part, _ => MeasureAsync(part, run, servers))));
            }
        }

        private string? MissingServer() =>
            (Settings.Store == StoreKind.PostgreSql ? PostgresServer.MissingReason : null)
            ?? (Settings.Storage == StorageKind.S3 ? CephServer.MissingReason : null);

        private async Task MeasureAsync(string part, BenchmarkRun run, ClusterServers servers)
        {
            switch (part)
            {
                case Scaling:
                    foreach (var devices in Devices)
                    {
                        run.Rows.AddRange(await ScalingScenario.MeasureAsync(
                            Settings with { Devices = devices }, servers, Duration, run.Cancellation));
                    }

                    break;
                case Equality:
                    run.Rows.Add(await EqualityScenario.RunAsync(Settings, servers, run.Cancellation));
                    break;
                case NetworkScenario.Name:
                    var (report, missing) = await NetworkScenario.RunAsync(Settings, Limits, run.Cancellation);
                    Add(run, part, report, missing);
                    break;
                default:
                    var scenario = FaultScenarios.All.Single(scenario => scenario.Name == part);
                    var settings = part == FaultScenarios.Upgrade
                        ? Settings with { PreviousFolder = PreviousFolder }
                        : Settings;
                    var reason = scenario.MissingReason(settings);
                    Add(
                        run, part,
                        reason is null
                            ? await scenario.RunAsync(settings, servers, Limits, run.Cancellation)
                            : null,
                        reason);
                    break;
            }
        }

        private static void Add(BenchmarkRun run, string part, FaultReport? report, string? missingReason)
        {
            if (report is null)
            {
                run.Rows.Add(new Row(part, $"left out: {missingReason}"));
                return;
            }

            run.Rows.AddRange(report.Rows);
            if (report.Timeline.Count > 0)
            {
                run.Facts.Add($"a job of {part}:\n\n    " + string.Join("\n    ", report.Timeline) + "\n");
            }
        }
    }
}
