using System.CommandLine;
using System.Globalization;
using ForegSyte.Benchmarks;

var parts = new Option<string>("--parts")
{
    Description = $"Parts to run, with commas between: {string.Join(", ", BenchmarkRun.PartNames)}. All by default.",
    DefaultValueFactory = _ => "",
};
var clips = new Option<string>("--clips")
{
    Description = $"Clips to use, with commas between: {string.Join(", ", BenchmarkClip.Names)}. All by default.",
    DefaultValueFactory = _ => "",
};
var minutes = new Option<string>("--minutes")
{
    Description = "Time limit in minutes; more for a busy machine.",
    DefaultValueFactory = _ => "",
};
var root = new RootCommand("Measures whole jobs against the bare models and against peers; prints Markdown.")
{
    parts, clips, minutes,
};
root.SetAction((arguments, cancellationToken) =>
{
    var limit = arguments.GetValue(minutes)!;
    return BenchmarkRun.RunAsync(
        arguments.GetValue(parts)!, arguments.GetValue(clips)!,
        limit.Length == 0
            ? BenchmarkRun.DefaultTimeLimit
            : TimeSpan.FromMinutes(int.Parse(limit, NumberStyles.None, CultureInfo.InvariantCulture)),
        cancellationToken);
});

// After Ctrl-C there are services to end and large files to remove.
return await root.Parse(args).InvokeAsync(
    new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
