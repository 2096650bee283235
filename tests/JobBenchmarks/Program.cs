using System.CommandLine;
using ForegSyte.JobBenchmarks;
using ForegSyte.JobBenchmarks.Load;

var parts = new Option<string>("--parts")
{
    Description = $"Parts to run, with commas between: {string.Join(", ", BenchmarkRun.PartNames)}. All by default.",
    DefaultValueFactory = _ => "",
};
var sizes = new Option<string>("--sizes")
{
    Description = "Numbers of finished jobs to compare, with commas between.",
    DefaultValueFactory = _ => "",
};
var root = new RootCommand("Measures the JobService against what the machine gives; prints Markdown.") { parts, sizes };
root.SetAction((arguments, cancellationToken) =>
    BenchmarkRun.RunAsync(arguments.GetValue(parts)!, arguments.GetValue(sizes)!, cancellationToken));

var port = new Option<int>("--port") { Description = "Port on the loopback; 0 for a free one." };
var echo = new Command("echo", "The bare gRPC server; ends with its standard input.") { port };
echo.SetAction((arguments, cancellationToken) => EchoServer.RunAsync(arguments.GetValue(port), cancellationToken));
root.Add(echo);

var load = new Command("load", "The load generator; takes orders as lines of JSON.");
load.SetAction((_, cancellationToken) => LoadGenerator.RunAsync(cancellationToken));
root.Add(load);

// After Ctrl-C there are processes to end and large folders to remove.
return await root.Parse(args).InvokeAsync(
    new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
