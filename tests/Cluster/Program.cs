using System.CommandLine;
using System.Globalization;
using System.Net;
using ForegSyte.Cluster;
using ForegSyte.Cluster.Devices;
using ForegSyte.Testing.Servers;

var address = new Argument<string>("address");
var milliseconds = new Argument<string>("milliseconds");
var device = new Command(SimulatedDevice.Role, "Runs a simulated InferenceService.")
{
    Hidden = true,
    Arguments = { address, milliseconds },
};
device.SetAction((arguments, cancellationToken) => SimulatedDevice.RunAsync(
    IPAddress.Parse(arguments.GetValue(address)!),
    TimeSpan.FromMilliseconds(double.Parse(arguments.GetValue(milliseconds)!, CultureInfo.InvariantCulture)),
    cancellationToken));

// A test kills this process and looks for the server.
var postgres = new Command("postgres", "Runs PostgreSQL.") { Hidden = true };
postgres.SetAction(async (_, cancellationToken) =>
{
    await using var server = await PostgresServer.StartNewAsync();
    Console.WriteLine(server.Folder);
    Console.WriteLine(FormattableString.Invariant($"Now listening on: http://127.0.0.1:{server.Port}"));
    await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
});

var root = ClusterCommand.Create();
root.Add(device);
root.Add(postgres);

// After Ctrl-C, the program stops its processes.
return await root.Parse(args).InvokeAsync(
    new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
