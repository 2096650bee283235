using System.CommandLine;
using ForegSyte.Benchmarks.Exports;
using ForegSyte.Benchmarks.Fairness;
using ForegSyte.Benchmarks.Frames;
using ForegSyte.Benchmarks.Gpu;
using ForegSyte.Benchmarks.Jobs;
using ForegSyte.Benchmarks.Load;
using ForegSyte.Benchmarks.Uploads;

var root = new RootCommand("Benchmarks of ForegSyte. Each prints Markdown; progress goes to standard error.")
{
    FrameBenchmarks.Command(), JobBenchmarks.Command(), UploadBenchmark.Command(), GpuBenchmark.Command(),
    FairnessBenchmark.Command(), ExportBenchmark.Command(),
};

// The benchmarks start this program again in these roles.
root.Add(Role("echo", "Baseline server: a gRPC echo.", BaselineServers.RunEchoAsync));
root.Add(Role("collector", "Baseline server: an OTLP collector that discards everything.",
    BaselineServers.RunCollectorAsync));
root.Add(Role("load", "Load generator: one JSON order per line in, one JSON result per line out.",
    LoadGenerator.RunAsync));
root.Add(Role(AttackProcess.Role, "Hostile tenant: one JSON order in, one JSON result out.",
    AttackProcess.RunRoleAsync));
root.Add(Role(ExportBenchmark.Role, "One export: a line with format, table and frames in, one with figures out.",
    ExportBenchmark.RunRoleAsync));

// After Ctrl-C, the benchmark stops its processes and deletes large folders.
return await root.Parse(args).InvokeAsync(
    new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });

static Command Role(string name, string description, Func<CancellationToken, Task> run)
{
    var role = new Command(name, description) { Hidden = true };
    role.SetAction((_, cancellationToken) => run(cancellationToken));
    return role;
}
