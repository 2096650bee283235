using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>diagnose: explains the state of a job.</summary>
internal static class DiagnoseCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedOptions.JobId();
        var json = SharedOptions.Json("the diagnosis");
        var command = new Command(
            "diagnose",
            "Explain the state of a job: its timeline, its segments and where they ran, FFmpeg's last output, and why "
            + "it is waiting.")
        {
            jobId, json,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var diagnosis = await context.Client.DiagnoseJobAsync(
                    await context.JobIdAsync(arguments.GetRequiredValue(jobId), token), cancellationToken: token);
                if (arguments.GetValue(json))
                {
                    await context.Environment.Output.WriteLineAsync(SafeText.Json(diagnosis));
                }
                else
                {
                    DiagnosisView.Write(context.Output, diagnosis);
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }
}

/// <summary>Prints a diagnosis.</summary>
internal static class DiagnosisView
{
    private const int MaxSegments = 20;
    private const int MaxFailedSegments = 3;

    private static readonly Style Heading = new(decoration: Decoration.Bold);

    public static void Write(IAnsiConsole console, JobDiagnosis diagnosis)
    {
        var job = diagnosis.Job;
        console.Write(new Text(job.JobId + " "));
        console.Write(new Text(JobText.Status(job.Status), JobDetails.StatusStyle(job.Status)));
        console.WriteLine();
        console.WriteLine(SafeText.OneLine(diagnosis.Explanation));
        if (diagnosis.TraceId.Length > 0)
        {
            console.WriteLine($"Trace {SafeText.OneLine(diagnosis.TraceId)}");
        }

        foreach (var warning in job.Warnings)
        {
            console.WriteLine(SafeText.OneLine($"Warning: {WarningText.Of(warning)}"), new Style(Color.Yellow));
        }

        WriteTimeline(console, diagnosis);
        WriteSegments(console, diagnosis);
        WriteFailedSegments(console, diagnosis);
        WriteWebhooks(console, diagnosis);
        if (diagnosis.DecoderOutput.Length > 0)
        {
            WriteHeading(console, "Last output of FFmpeg");
            WriteLines(console, diagnosis.DecoderOutput);
        }

        WriteHeading(console, "Server");
        console.WriteLine("  " + Describe(diagnosis.Dispatch ?? new DispatchState()));
    }

    private static void WriteHeading(IAnsiConsole console, string text)
    {
        console.WriteLine();
        console.WriteLine(text, Heading);
    }

    private static void WriteTimeline(IAnsiConsole console, JobDiagnosis diagnosis)
    {
        WriteHeading(console, "Timeline");
        var start = diagnosis.Timeline.FirstOrDefault()?.Time;
        var table = new Grid().AddColumn(new GridColumn().NoWrap().Padding(2, 0, 2, 0))
            .AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn();
        foreach (var item in diagnosis.Timeline)
        {
            table.AddRow(
                new Text(JobText.Time(item.Time)),
                new Text("+" + Between(start, item.Time)),
                new Text(SafeText.OneLine(item.Description)));
        }

        console.Write(table);
    }

    private static void WriteSegments(IAnsiConsole console, JobDiagnosis diagnosis)
    {
        var counts = diagnosis.SegmentCounts ?? new SegmentCounts();
        if (counts.Planned == 0 && diagnosis.Segments.Count == 0)
        {
            return;
        }

        WriteHeading(console, counts.Planned == 0
            ? "Segments"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"Segments: {counts.Planned} planned, {counts.Finished} finished, {counts.Running} running"));
        var table = new Table().Border(TableBorder.Simple)
            .AddColumns("Frames", "Attempt", "State", "Time", "InferenceService", "Error");
        foreach (var segment in diagnosis.Segments.TakeLast(MaxSegments))
        {
            table.AddRow(
                new Text(string.Create(
                    CultureInfo.InvariantCulture, $"{segment.StartFrame} to {segment.EndFrame - 1}")),
                new Text(segment.Attempt.ToString(CultureInfo.InvariantCulture)),
                new Text(StateText(segment.State)),
                new Text(Between(segment.StartedAt, segment.EndedAt)),
                new Text(SafeText.OneLine(segment.Instance)),
                new Text(SafeText.OneLine(ErrorStatus.InfoOf(segment.Error)?.Reason ?? "")));
        }

        console.Write(table);
        if (diagnosis.Segments.Count > MaxSegments)
        {
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  … after {diagnosis.Segments.Count - MaxSegments} earlier segments; --json prints them"));
        }
    }

    /// <summary>Writes the errors of the latest failed segments, and what FFmpeg said in them.</summary>
    private static void WriteFailedSegments(IAnsiConsole console, JobDiagnosis diagnosis)
    {
        var failed = diagnosis.Segments.Where(segment =>
            segment.ErrorMessage.Length > 0
            || (segment.DecoderOutput.Length > 0 && segment.DecoderOutput != diagnosis.DecoderOutput));
        foreach (var segment in failed.TakeLast(MaxFailedSegments))
        {
            WriteHeading(console, string.Create(
                CultureInfo.InvariantCulture,
                $"Frames {segment.StartFrame} to {segment.EndFrame - 1}, attempt {segment.Attempt}: "
                + $"{StateText(segment.State)}"));
            WriteLines(console, segment.ErrorMessage);
            if (segment.DecoderOutput != diagnosis.DecoderOutput)
            {
                WriteLines(console, segment.DecoderOutput);
            }
        }
    }

    private static void WriteWebhooks(IAnsiConsole console, JobDiagnosis diagnosis)
    {
        if (diagnosis.WebhookDeliveries.Count == 0)
        {
            return;
        }

        WriteHeading(console, "Webhooks");
        foreach (var delivery in diagnosis.WebhookDeliveries)
        {
            var (happened, state) = (delivery.Event.ToString().ToLowerInvariant(), StateText(delivery));
            WriteLines(console, $"{JobText.Time(delivery.CreatedAt)}  {happened}  {state}  {delivery.Uri}");
            if (delivery.ErrorMessage.Length > 0)
            {
                WriteLines(console, $"  {delivery.ErrorMessage}");
            }
        }
    }

    private static string StateText(WebhookDelivery delivery)
    {
        var tries = delivery.Tries == 1 ? "1 try" : string.Create(
            CultureInfo.InvariantCulture, $"{delivery.Tries} tries");
        var next = delivery.NextTryAt is { } time ? $", next at {JobText.Time(time)}" : "";
        return $"{delivery.State.ToString().ToLowerInvariant()} after {tries}{next}";
    }

    private static void WriteLines(IAnsiConsole console, string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            console.WriteLine("  " + SafeText.OneLine(line));
        }
    }

    private static string StateText(SegmentState state) => state switch
    {
        SegmentState.GivenUp => "given up",
        _ => state.ToString().ToLowerInvariant(),
    };

    private static string Between(Timestamp? start, Timestamp? end) => start is null || end is null
        ? ""
        : DurationText.Approximate(end.ToDateTimeOffset() - start.ToDateTimeOffset());

    private static string Describe(DispatchState state) => string.Create(
        CultureInfo.InvariantCulture,
        $"{state.RunningJobs} of at most {state.MaxRunningJobs} jobs running, {state.PendingJobs} pending, "
        + $"{state.ServingInstances} of {state.KnownInstances} InferenceServices serving")
        + (state.DrainState is DrainState.Draining or DrainState.Drained ? ", draining" : "");
}
