using System.Globalization;
using ForegSyte.HangfirePeer;
using Hangfire;
using Hangfire.PostgreSql;

// Arguments: connection string, schema, invisibility time-out in seconds (0 for Hangfire's default).
// Commands, a line each on standard input, each answered with a line; ends with its standard input:
//   enqueue CALLERS SECONDS FILE   enqueues jobs that carry the file; answers "JOBS SECONDS"
//   job FILE                       enqueues a job that notes in the file when it starts and ends
//   serve                          runs jobs, one at a time
var options = new PostgreSqlStorageOptions { SchemaName = args[1] };
var invisibility = int.Parse(args[2], CultureInfo.InvariantCulture);
if (invisibility > 0)
{
    options.InvisibilityTimeout = TimeSpan.FromSeconds(invisibility);
}

GlobalConfiguration.Configuration
    .UseSimpleAssemblyNameTypeSerializer()
    .UseRecommendedSerializerSettings()
    .UsePostgreSqlStorage(postgres => postgres.UseNpgsqlConnection(args[0]), options);
BackgroundJobServer? server = null;
try
{
    Console.WriteLine($"ready {options.InvisibilityTimeout}");
    while (await Console.In.ReadLineAsync() is { } line)
    {
        switch (line.Split(' '))
        {
            case ["enqueue", var callers, var seconds, var file]:
                var (jobs, elapsed) = await Enqueuers.RunAsync(
                    int.Parse(callers, CultureInfo.InvariantCulture),
                    TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)),
                    Convert.ToBase64String(await File.ReadAllBytesAsync(file)));
                Console.WriteLine(FormattableString.Invariant($"{jobs} {elapsed.TotalSeconds:F3}"));
                break;
            case ["job", var file]:
                Console.WriteLine(BackgroundJob.Enqueue(() => RecordedJob.RunAsync(file)));
                break;
            case ["serve"]:
                server = new BackgroundJobServer(new BackgroundJobServerOptions { WorkerCount = 1 });
                Console.WriteLine("serving");
                break;
            default:
                throw new ArgumentException($"No command: {line}");
        }
    }
}
finally
{
    server?.Dispose();
}
