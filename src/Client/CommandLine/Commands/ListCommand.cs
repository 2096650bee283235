using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>list: lists the newest jobs.</summary>
internal static class ListCommand
{
    private const int DefaultLimit = 50;
    private const int MaxPageSize = 1000;

    public static Command Create(CommandRunner runner)
    {
        var filter = new Option<string?>("--filter")
        {
            Description = "AIP-160 expression over status, pipeline_id, display_name, created_at and tags, for example "
                + "'status = FAILED AND pipeline_id = \"yolo_ocr\"', 'display_name:\"lobby\"' (contains the text), "
                + "'tags:camera' (has the tag) or 'tags.camera = \"north\"'.",
            HelpName = "EXPRESSION",
        };
        var status = new Option<string?>("--status")
        {
            Description = "List only jobs with this status: pending, running, completed, failed or cancelled.",
            HelpName = "STATUS",
        }.AcceptsOneOf("pending", "running", "completed", "failed", "cancelled");
        var limit = new Option<int>("--limit")
        {
            Description = "Maximum number of jobs.",
            HelpName = "N",
            DefaultValueFactory = _ => DefaultLimit,
        };
        limit.Validators.Add(result =>
        {
            // GetValueOrDefault throws for a value that is not a number; the parser reports that itself.
            if (result.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out var value)
                && value < 1)
            {
                result.AddError("--limit must be at least 1.");
            }
        });
        var json = SharedOptions.Json("the jobs {\"jobs\":[…]}");
        var view = new Option<JobView?>("--view")
        {
            Description = "How much of each job to print as JSON: whole jobs (full), or without video, summary, "
                + "timings, devices and attempts (basic), which is faster for many jobs. Default: full.",
            HelpName = "VIEW",
        }.AcceptsOneOf(nameof(JobView.Basic), nameof(JobView.Full));
        var command = new Command("list", "List jobs, newest first.") { filter, status, limit, json, view };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var count = arguments.GetValue(limit);
                var jobs = context.Client
                    .ListJobsAsync(
                        FilterOf(arguments.GetValue(filter), arguments.GetValue(status)),
                        Math.Min(count, MaxPageSize),
                        // The table shows no more.
                        arguments.GetValue(json) ? arguments.GetValue(view) ?? JobView.Full : JobView.Basic,
                        cancellationToken: token)
                    .Take(count);
                await (arguments.GetValue(json)
                    ? JsonLines.WriteAsync(context.Environment.Output, "jobs", jobs, token)
                    : WriteTableAsync(context, jobs));
                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    /// <summary>Combines both conditions. OR binds tighter than AND (AIP-160), so no parentheses are needed.</summary>
    internal static string FilterOf(string? filter, string? status)
    {
        var byStatus = status is null ? null : $"status = {status.ToUpperInvariant()}";
        return string.Join(" AND ", new[] { filter, byStatus }.Where(part => !string.IsNullOrWhiteSpace(part)));
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
                new Text(StatusOf(job, context.Environment.Now), JobDetails.StatusStyle(job.Status)),
                new Text(job.Priority.ToString(CultureInfo.InvariantCulture)),
                new Text(progress),
                new Text(job.PipelineId),
                new Text(JobText.Time(job.CreatedAt)),
                new Text(SafeText.OneLine(job.DisplayName)));
        }

        if (table.Rows.Count == 0)
        {
            context.Hint("No jobs found.");
            return;
        }

        context.Output.Write(table);
    }

    /// <summary>For example "running", "pending: 3rd in the queue" or "completed, 2 warnings".</summary>
    private static string StatusOf(Job job, DateTimeOffset now)
    {
        var (status, wait, warnings) = (JobText.Status(job.Status), WaitText.Of(job, now), WarningText.CountOf(job));
        return status + (wait.Length > 0 ? $": {wait}" : "") + (warnings.Length > 0 ? $", {warnings}" : "");
    }
}
