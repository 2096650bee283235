using System.CommandLine;
using ForegSyte.JobBenchmarks;
using ForegSyte.JobBenchmarks.Load;
using ForegSyte.JobBenchmarks.Uploads;
using ForegSyte.Measuring;
using Microsoft.AspNetCore.Builder;

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

var gigabytes = new Option<double>("--gigabytes")
{
    Description = "Size of the video in GB (1,000,000,000 bytes).",
    DefaultValueFactory = _ => 1,
};
var rounds = new Option<int>("--rounds") { Description = "Rounds.", DefaultValueFactory = _ => Rounds.Count };
var uploads = new Command("uploads", "Measures uploads against a copy and a bare gRPC sink; prints Markdown.")
{
    gigabytes, rounds,
};
uploads.SetAction((arguments, cancellationToken) => UploadRun.RunAsync(
    (long)(arguments.GetValue(gigabytes) * 1e9), arguments.GetValue(rounds), cancellationToken));
root.Add(uploads);

var port = new Option<int>(BareServer.PortOption) { Description = "Port on the loopback; 0 for a free one." };
var echo = new Command("echo", "The bare gRPC server; ends with its standard input.") { port };
echo.SetAction((arguments, cancellationToken) => BareServer.RunAsync(
    arguments.GetValue(port), _ => { }, app => app.MapGrpcService<EchoService>(), cancellationToken));
root.Add(echo);

var file = new Option<string>("--file") { Description = "Where parts are written; nowhere by default." };
var sink = new Command("sink", "A bare UploadService; ends with its standard input.") { port, file };
sink.SetAction((arguments, cancellationToken) => SinkServer.RunAsync(
    arguments.GetValue(port), arguments.GetValue(file), cancellationToken));
root.Add(sink);

var collector = new Command("collector", "Takes OTLP and keeps nothing; ends with its standard input.") { port };
collector.SetAction((arguments, cancellationToken) => BareServer.RunAsync(
    arguments.GetValue(port), _ => { }, CollectorSink.Map, cancellationToken));
root.Add(collector);

var load = new Command("load", "The load generator; takes orders as lines of JSON.");
load.SetAction((_, cancellationToken) => LoadGenerator.RunAsync(cancellationToken));
root.Add(load);

// After Ctrl-C there are processes to end and large folders to remove.
return await root.Parse(args).InvokeAsync(
    new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
