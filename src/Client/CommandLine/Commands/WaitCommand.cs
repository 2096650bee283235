using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>wait: waits until jobs end, and shows them.</summary>
internal static class WaitCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobIds = SharedOptions.JobIds(SharedOptions.UnfinishedJobs);
        jobIds.Arity = ArgumentArity.OneOrMore;
        var json = SharedOptions.Json("the job, or several as {\"jobs\":[…]},");
        var command = new Command(
            "wait",
            "Show the progress of jobs until they end, then the jobs. Ctrl-C ends the wait, not the jobs. Of several "
            + "jobs, the exit code is that of the first one that was not completed.")
        {
            jobIds, json,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => RunAsync(
                context, arguments.GetRequiredValue(jobIds), arguments.GetValue(json), token),
            cancellationToken));
        return command;
    }

    private static async Task<ExitCode> RunAsync(
        CommandContext context, string[] given, bool isJson, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        foreach (var text in given)
        {
            ids.Add(await context.JobIdAsync(text, cancellationToken));
        }

        ids = [.. ids.Distinct(StringComparer.OrdinalIgnoreCase)];
        var jobs = new List<Job>();
        foreach (var (index, id) in ids.Index())
        {
            if (ids.Count > 1)
            {
                context.Hint(string.Create(CultureInfo.InvariantCulture, $"Job {index + 1} of {ids.Count}: {id}"));
            }

            var job = await JobWaiting.WaitAsync(context, id, cancellationToken);
            jobs.Add(job);
            if (!isJson)
            {
                JobDetails.Write(context.Output, job, context.Environment.Now);
            }

            JobDetails.WriteFailure(context.Error, job);
        }

        if (isJson && jobs is [var only])
        {
            await context.Environment.Output.WriteLineAsync(SafeText.Json(only));
        }
        else if (isJson)
        {
            await JsonLines.WriteAsync(
                context.Environment.Output, "jobs", jobs.ToAsyncEnumerable(), cancellationToken);
        }

        return jobs.Select(job => ExitCodes.Of(job.Status)).FirstOrDefault(code => code != ExitCode.Ok);
    }
}
