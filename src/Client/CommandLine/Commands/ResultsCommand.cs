using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>results: prints the results of a job, frame by frame.</summary>
internal static class ResultsCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedOptions.JobId();
        var json = SharedOptions.Json("the results document {\"results\":[…]}");
        var startFrame = new Option<int>("--start-frame")
        {
            Description = "Minimum index of the first frame.",
            HelpName = "N",
        };
        var follow = new Option<bool>("--follow", "-f")
        {
            Description = "For a job that has not ended: print each segment when it is finished, until the job ends. "
                + "Ctrl-C ends the printing, not the job.",
        };
        var command = new Command(
            "results",
            "Print the results of a job. For a running job, the command prints what is finished and ends; --follow "
            + "goes on.")
        {
            jobId, json, startFrame, follow,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var id = await context.JobIdAsync(arguments.GetRequiredValue(jobId), token);
                var start = arguments.GetValue(startFrame);
                var results = arguments.GetValue(follow)
                    ? context.Client.FollowResultsAsync(id, start, cancellationToken: token)
                    : FinishedAsync(context.Client, id, start, token);
                try
                {
                    await (arguments.GetValue(json)
                        ? JsonLines.WriteAsync(context.Environment.Output, "results", results, token)
                        : WriteLinesAsync(context.Environment.Output, results));
                }
                catch (ForegSyteException failure)
                    when (failure.Reason == ErrorReason.ResultsNotReady)
                {
                    var unsuccessful = await context.Client.GetJobAsync(id, cancellationToken: token);
                    if (unsuccessful.Status is not (JobStatus.Failed or JobStatus.Cancelled))
                    {
                        throw;
                    }

                    // It ended before its first segment was finished.
                    JobDetails.WriteFailure(context.Error, unsuccessful);
                    return ExitCodes.Of(unsuccessful.Status);
                }

                // The results of a failed or cancelled job are incomplete.
                var job = await context.Client.GetJobAsync(id, cancellationToken: token);
                JobDetails.WriteFailure(context.Error, job);
                if (!job.Status.IsTerminal())
                {
                    context.Hint(ProgressOf(job));
                }

                return ExitCodes.Of(job.Status);
            },
            cancellationToken));
        return command;
    }

    /// <summary>Reads the pages that are finished now; an empty page of a running job is the last one.</summary>
    private static async IAsyncEnumerable<FrameResult> FinishedAsync(
        ForegSyteClient client, string jobId, int startFrame,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var token = "";
        do
        {
            var page = await client.GetResultsPageAsync(jobId, token, startFrame, cancellationToken: cancellationToken);
            foreach (var frame in page.Results)
            {
                yield return frame;
            }

            token = page.Results.Count == 0 ? "" : page.NextPageToken;
        }
        while (token.Length > 0);
    }

    private static string ProgressOf(Job job)
    {
        var done = job.Progress is { FramesTotal: > 0 } progress
            ? string.Create(
                CultureInfo.InvariantCulture,
                $" ({progress.FramesDone} of {PluralText.Of(progress.FramesTotal, "frame")} analyzed)")
            : "";
        return $"The job is {JobText.Status(job.Status)}{done}. With --follow, the command prints the rest too.";
    }

    private static async Task WriteLinesAsync(TextWriter output, IAsyncEnumerable<FrameResult> results)
    {
        var isFirst = true;
        await foreach (var frame in results)
        {
            if (isFirst)
            {
                isFirst = false;
                await output.WriteLineAsync(ResultLines.Header);
            }

            await output.WriteLineAsync(ResultLines.Of(frame));
        }
    }
}

/// <summary>Results as aligned lines.</summary>
internal static class ResultLines
{
    public static readonly string Header = Row("frame", "time", "objects", "text").TrimEnd();

    private const int ObjectsWidth = 56;

    /// <summary>Formats a frame, for example "   10      1.000s  person x3 92%, car 71%    GATE 07 NORTH".</summary>
    public static string Of(FrameResult frame)
    {
        var objects = string.Join(", ", (frame.Result?.Detections ?? [])
            .GroupBy(detection => detection.Label)
            .Select(group => ObjectsText(group.Key, group.Count(), group.Max(detection => detection.Confidence))));
        var text = string.Join(" | ", (frame.Result?.TextRegions ?? []).Select(region => region.Text));
        return Row(
            frame.FrameIndex.ToString(CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{frame.FrameTimestampMs / 1000.0:0.000}s"),
            (frame.Damaged ? "(damaged picture) " : "") + SafeText.OneLine(objects),
            SafeText.OneLine(text)).TrimEnd();
    }

    private static string ObjectsText(string label, int count, float best) => string.Create(
        CultureInfo.InvariantCulture, $"{label}{(count > 1 ? $" x{count}" : "")} {best * 100:0}%");

    private static string Row(string frame, string time, string objects, string text) =>
        $"{frame,8}  {time,12}  {objects,-ObjectsWidth}  {text}";
}
