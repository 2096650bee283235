using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>list: lists the newest jobs.</summary>
internal static class ListCommand
{
    private const int DefaultLimit = 50;
    private const int MaxPageSize = 1000;

    /// <summary>Interval between two lists of --watch.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(2);

    private static readonly string[] Statuses = ["pending", "running", "completed", "failed", "cancelled"];

    public static Command Create(CommandRunner runner)
    {
        var filter = new Option<string?>("--filter")
        {
            Description = "AIP-160 expression over status, pipeline_id, display_name, created_at, job_id, tenant and "
                + "tags, for example 'status = FAILED AND pipeline_id = \"yolo_ocr\"', 'display_name:\"lobby\"' "
                + "(contains the text), 'tags:camera' (has the tag) or 'tags.camera = \"north\"'.",
            HelpName = "EXPRESSION",
        };
        var status = StatusOption();
        var since = new Option<string?>("--since")
        {
            Description = "List only jobs created since then: a duration such as 30m, 12h or 7d before now, or a time "
                + "such as 2026-01-31 or 2026-01-31T12:00:00Z (UTC).",
            HelpName = "TIME",
        };
        since.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && InstantOf(token.Value, DateTimeOffset.MaxValue) is null)
            {
                result.AddError(
                    $"--since cannot be '{token.Value}'. Use {DurationText.Form}, or a time such as 2026-01-31 or "
                    + "2026-01-31T12:00:00Z.");
            }
        });
        var limit = SharedOptions.Limit("jobs", DefaultLimit);
        var json = SharedOptions.Json("the jobs {\"jobs\":[…]}");
        var watch = new Option<bool>("--watch", "-w")
        {
            Description = "List the jobs again every 2 seconds until Ctrl-C.",
        };
        var view = new Option<JobView?>("--view")
        {
            Description = "How much of each job to print as JSON: whole jobs (full), or without video, summary, "
                + "timings, devices and attempts (basic), which is faster for many jobs. Default: full.",
            HelpName = "VIEW",
        }.AcceptsOneOf(nameof(JobView.Basic), nameof(JobView.Full));
        var command = new Command("list", "List jobs, newest first.")
        {
            filter, status, since, limit, watch, json, view,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(watch) is { Implicit: false } && result.GetResult(json) is { Implicit: false })
            {
                result.AddError("--watch shows a table; omit --json.");
            }
        });
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var created = arguments.GetValue(since) is { } text ? InstantOf(text, context.Environment.Now) : null;
                var query = new Query(
                    FilterOf(arguments.GetValue(filter), arguments.GetRequiredValue(status), created),
                    arguments.GetValue(limit));
                if (arguments.GetValue(json))
                {
                    var jobs = context.Client
                        .ListJobsAsync(
                            query.Filter, Math.Min(query.Limit, MaxPageSize),
                            arguments.GetValue(view) ?? JobView.Full, cancellationToken: token)
                        .Take(query.Limit);
                    await JsonLines.WriteAsync(context.Environment.Output, "jobs", jobs, token);
                }
                else if (arguments.GetValue(watch))
                {
                    await WatchAsync(context, query, token);
                }
                else
                {
                    await WriteAsync(context, query, token);
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static Option<string[]> StatusOption()
    {
        var status = new Option<string[]>("--status")
        {
            Description = "List only jobs with this status: pending, running, completed, failed or cancelled. Several "
                + "with commas, or by repeating the option.",
            HelpName = "STATUS",
            Arity = ArgumentArity.OneOrMore,
            DefaultValueFactory = _ => [],
        };
        status.CompletionSources.Add(_ => Statuses.Select(name => new CompletionItem(name)));
        status.CustomParser = result =>
        {
            string[] names = [.. result.Tokens.SelectMany(token => token.Value.Split(',')).Select(Lower)];
            if (Array.Find(names, name => !Statuses.Contains(name)) is { } unknown)
            {
                result.AddError(
                    $"--status must be {OptionValues.Join(Statuses)}, not '{unknown}'."
                    + NearestNames.Question(unknown, Statuses));
            }

            return names;
        };
        return status;

        static string Lower(string name) => name.Trim().ToLowerInvariant();
    }

    /// <summary>Combines the conditions. OR binds tighter than AND (AIP-160), so no parentheses are needed.</summary>
    internal static string FilterOf(string? filter, IReadOnlyList<string> statuses, DateTimeOffset? since)
    {
        var byStatus = string.Join(
            " OR ", statuses.Distinct().Select(status => $"status = {status.ToUpperInvariant()}"));
        var byTime = since is { } time
            ? string.Create(CultureInfo.InvariantCulture, $"created_at >= \"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ss}Z\"")
            : null;
        return string.Join(
            " AND ", new[] { filter, byStatus, byTime }.Where(part => !string.IsNullOrWhiteSpace(part)));
    }

    /// <summary>A time, or a duration before now; null if the text is neither.</summary>
    internal static DateTimeOffset? InstantOf(string text, DateTimeOffset now)
    {
        if (DurationText.TryParse(text, out var ago))
        {
            return ago < now - DateTimeOffset.UnixEpoch ? now - ago : DateTimeOffset.UnixEpoch;
        }

        return text.Contains('-', StringComparison.Ordinal) && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time)
                ? time
                : null;
    }

    private static async Task WatchAsync(CommandContext context, Query query, CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await ReadAsync(context.Client, query, cancellationToken);
            if (context.Environment.OutputIsTerminal)
            {
                context.Output.Clear();
            }

            Write(context, query, page);
            await context.Environment.Output.FlushAsync(cancellationToken);
            await Task.Delay(WatchInterval, context.Environment.TimeProvider, cancellationToken);
        }
    }

    private static async Task WriteAsync(CommandContext context, Query query, CancellationToken cancellationToken) =>
        Write(context, query, await ReadAsync(context.Client, query, cancellationToken));

    /// <summary>Reads one job more than the limit, which tells whether there are more.</summary>
    private static async Task<IReadOnlyList<Job>> ReadAsync(
        ForegSyteClient client, Query query, CancellationToken cancellationToken) => await client
        .ListJobsAsync(
            query.Filter, Math.Min(query.Limit, MaxPageSize - 1) + 1, cancellationToken: cancellationToken)
        .Take(query.Limit == int.MaxValue ? query.Limit : query.Limit + 1)
        .ToListAsync(cancellationToken);

    private static void Write(CommandContext context, Query query, IReadOnlyList<Job> found)
    {
        var jobs = found.Take(query.Limit).ToList();
        if (jobs.Count == 0)
        {
            context.Hint(query.Filter.Length == 0 ? "There are no jobs." : "No job matches.");
            return;
        }

        JobTable.Write(context.Output, jobs, context.Environment.Now);
        if (found.Count > jobs.Count)
        {
            context.Hint(string.Create(
                CultureInfo.InvariantCulture,
                $"There are more jobs than these {jobs.Count}. --limit {10L * query.Limit} shows more of them."));
        }
    }

    /// <param name="Filter">AIP-160 expression; empty for all jobs.</param>
    /// <param name="Limit">Maximum number of jobs.</param>
    private sealed record Query(string Filter, int Limit);
}
