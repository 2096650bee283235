using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>list: shows the newest jobs.</summary>
internal static class ListCommand
{
    private const int DefaultLimit = 50;
    private const int LargestPage = 1000;

    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var filter = new Option<string?>("--filter")
        {
            Description = "AIP-160 expression, for example 'status = FAILED AND pipeline_id = \"yolo_ocr\"'.",
            HelpName = "EXPRESSION",
        };
        var status = new Option<string?>("--status") { Description = "Only jobs with this status." };
        status.AcceptOnlyFromAmong("pending", "running", "completed", "failed", "cancelled");
        var limit = new Option<int>("--limit")
        {
            Description = "Most jobs to list.",
            HelpName = "N",
            DefaultValueFactory = _ => DefaultLimit,
        };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--limit has to be at least 1.");
            }
        });
        var json = SharedArguments.Json("the jobs {\"jobs\":[…]}");
        var command = new Command("list", "List jobs, newest first.") { filter, status, limit, json };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var count = arguments.GetValue(limit);
                var jobs = context.Client
                    .ListJobsAsync(
                        FilterOf(arguments.GetValue(filter), arguments.GetValue(status)),
                        Math.Min(count, LargestPage),
                        token)
                    .Take(count);
                await (arguments.GetValue(json)
                    ? JsonLines.WriteAsync(context.Environment.Output, "jobs", jobs, token)
                    : WriteTableAsync(context, jobs));
                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    /// <summary>Both conditions; no brackets are needed, since OR binds tighter than AND (AIP-160).</summary>
    internal static string FilterOf(string? filter, string? status)
    {
        var byStatus = status is null ? null : $"status = {status.ToUpperInvariant()}";
        return string.Join(" AND ", new[] { filter, byStatus }.Where(part => !string.IsNullOrWhiteSpace(part)));
    }

    /// <summary>For example "running", or "pending: 3rd in the queue".</summary>
    private static string StatusOf(Job job, DateTimeOffset now)
    {
        var wait = WaitText.Of(job, now);
        return wait.Length > 0 ? $"{JobView.StatusText(job.Status)}: {wait}" : JobView.StatusText(job.Status);
    }

    private static async Task WriteTableAsync(CommandContext context, IAsyncEnumerable<Job> jobs)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("Job", "Status", "Priority", "Frames", "Pipeline", "Created", "Name");
        await foreach (var job in jobs)
        {
            var progress = job.Progress is { FramesTotal: > 0 } known
                ? string.Create(CultureInfo.InvariantCulture, $"{known.FramesDone}/{known.FramesTotal}")
                : "";
            table.AddRow(
                new Text(job.JobId),
                new Text(StatusOf(job, context.Environment.Now), JobView.StatusStyle(job.Status)),
                new Text(job.Priority.ToString(CultureInfo.InvariantCulture)),
                new Text(progress),
                new Text(job.PipelineId),
                new Text(JobFacts.Time(job.CreatedAt)),
                new Text(SafeText.OneLine(job.DisplayName)));
        }

        if (table.Rows.Count == 0)
        {
            context.Hint("There are no such jobs.");
            return;
        }

        context.Output.Write(table);
    }
}
