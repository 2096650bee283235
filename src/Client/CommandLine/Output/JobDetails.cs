using System.Globalization;
using ForegSyte.Annotation;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Output;

/// <summary>Prints one job.</summary>
internal static class JobDetails
{
    private const int MaxAttempts = 10;
    private const int MaxLabels = 20;
    private const int MaxTexts = 15;
    private const int ChartWidth = 60;

    private static readonly Style Yellow = new(Color.Yellow);
    private static readonly Style Dim = new(decoration: Decoration.Dim);

    /// <summary>Writes the fields, attempts and findings of a job.</summary>
    /// <param name="console">Console to write to.</param>
    /// <param name="job">The job.</param>
    /// <param name="now">Current time, for the wait reason.</param>
    public static void Write(IAnsiConsole console, Job job, DateTimeOffset now)
    {
        var fields = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();
        void Add(string name, string value, Style? style = null)
        {
            if (value.Length > 0)
            {
                fields.AddRow(new Text(name, Dim), new Text(SafeText.OneLine(value), style));
            }
        }

        Add("Job", job.JobId);
        Add("Status", JobText.Status(job.Status), StatusStyle(job.Status));
        Add("Waiting", WaitText.Of(job, now));
        Add("Priority", string.Create(CultureInfo.InvariantCulture, $"{job.Priority} (9 runs first)"));
        Add("Name", job.DisplayName);
        Add("Tags", JobText.Tags(job));
        Add("Pipeline", $"{job.PipelineId}, {JobText.Frames(job.Options)}");
        Add("Parts", JobText.Parts(job.Options));
        Add("Wanted", JobText.Wanted(job.Options));
        Add("Results of", job.ReusedJobId);
        Add("Video", job.Video is null ? "" : JobText.Video(job.Video));
        Add("Frames", FramesText(job));
        Add("Found", job.Summary is null ? "" : TrackText.Found(job.Summary), new Style(decoration: Decoration.Bold));
        foreach (var zone in job.Summary?.Zones ?? [])
        {
            Add("Zone", $"{zone.ZoneId}: {TrackText.Counts(zone.Tracks)}");
        }

        foreach (var line in job.Summary?.Lines ?? [])
        {
            Add(
                "Line",
                $"{line.LineId}: {TrackText.Counts(line.ToLeft)} to the left, "
                + $"{TrackText.Counts(line.ToRight)} to the right");
        }

        Add("Speed", JobText.FramesPerSecond(job) is { } rate
            ? string.Create(CultureInfo.InvariantCulture, $"{rate:0.#} frames/s")
            : "");
        Add(job.Devices.Count > 1 ? "Devices" : "Device", JobText.Devices(job.Devices), DeviceStyle(job));
        Add("Time", job.Timings is null ? "" : JobText.Timings(job.Timings));
        Add("Created", JobText.Time(job.CreatedAt));
        Add("Webhook", job.Webhook?.Uri ?? "");
        Add("Trace", JobText.TraceId(job));
        Add("Error", JobText.Error(job), new Style(Color.Red));
        foreach (var warning in job.Warnings)
        {
            Add("Warning", WarningText.Of(warning), Yellow);
        }

        console.Write(fields);
        WriteAttempts(console, job);
        if (job.Summary is not null)
        {
            WriteFindings(console, job.Summary);
        }
    }

    /// <summary>Writes what is wrong with the video or the results of a job.</summary>
    public static void WriteWarnings(IAnsiConsole error, Job job)
    {
        foreach (var warning in job.Warnings)
        {
            error.WriteLine(SafeText.OneLine($"warning: {WarningText.Of(warning)}"), Yellow);
        }
    }

    /// <summary>
    /// Writes how a job failed or that it was cancelled, and how to retry it. Writes nothing for any other status.
    /// </summary>
    public static void WriteFailure(IAnsiConsole error, Job job)
    {
        if (job.Status == JobStatus.Failed)
        {
            error.WriteLine(SafeText.OneLine($"error: the job failed: {JobText.Error(job)}"), new Style(Color.Red));
            if (job.Attempts.Count > 0 && job.Attempts[^1].Retryable)
            {
                WriteRetryHint();
            }

            error.WriteLine($"To see what happened: foregsyte diagnose {job.JobId}", Dim);
        }
        else if (job.Status == JobStatus.Cancelled)
        {
            error.WriteLine("The job was cancelled.", Yellow);
            WriteRetryHint();
        }

        void WriteRetryHint() => error.WriteLine($"To run it again: foregsyte retry {job.JobId}", Dim);
    }

    /// <summary>The color of a status.</summary>
    public static Style StatusStyle(JobStatus status) => status switch
    {
        JobStatus.Completed => new Style(Color.Green),
        JobStatus.Failed => new Style(Color.Red),
        JobStatus.Cancelled => new Style(Color.Yellow),
        JobStatus.Running => new Style(Color.Blue),
        _ => Style.Plain,
    };

    private static string FramesText(Job job) => job.Summary?.Frames is { } frames
        ? JobText.Accounting(frames)
        : job.Progress is { FramesTotal: > 0 } progress
            ? string.Create(CultureInfo.InvariantCulture, $"{progress.FramesDone} of {progress.FramesTotal}")
            : "";

    private static Style? DeviceStyle(Job job) =>
        job.Devices.Any(device => device.FallbackReason.Length > 0) ? new Style(Color.Yellow) : default(Style?);

    /// <summary>
    /// Writes the latest attempts, oldest first; nothing if a single attempt has neither an error nor resumed frames.
    /// </summary>
    private static void WriteAttempts(IAnsiConsole console, Job job)
    {
        if (!job.Attempts.Any(attempt => attempt.Error is not null || attempt.FramesResumed > 0)
            && job.Attempts.Count < 2)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Simple).AddColumn("Attempt").AddColumn("Started").AddColumn("Time")
            .AddColumn(new TableColumn("Frames resumed").RightAligned()).AddColumn("Device").AddColumn("Outcome")
            .AddColumn("Retryable");
        foreach (var attempt in job.Attempts.TakeLast(MaxAttempts))
        {
            table.AddRow(
                new Text(attempt.Number.ToString(CultureInfo.InvariantCulture)),
                new Text(JobText.Time(attempt.StartedAt)),
                new Text(TimeOf(attempt)),
                new Text(attempt.FramesResumed.ToString(CultureInfo.InvariantCulture)),
                new Text(SafeText.OneLine(JobText.Devices(attempt.Devices))),
                new Text(SafeText.OneLine(OutcomeOf(attempt))),
                new Text(attempt.Error is null ? "" : attempt.Retryable ? "yes" : "no"));
        }

        console.WriteLine();
        console.Write(table);
        if (job.Attempts.Count > MaxAttempts)
        {
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"… after {job.Attempts.Count - MaxAttempts} earlier attempts"));
        }
    }

    private static string TimeOf(Attempt attempt) => attempt is { StartedAt: { } start, EndedAt: { } end }
        ? DurationText.Approximate(end.ToDateTimeOffset() - start.ToDateTimeOffset())
        : "";

    private static string OutcomeOf(Attempt attempt) => attempt switch
    {
        { Error: not null } => JobText.Error(attempt),
        { EndedAt: null } => "running",
        _ => "completed",
    };

    private static void WriteFindings(IAnsiConsole console, JobSummary summary)
    {
        console.WriteLine();
        if (summary.Labels.Count + summary.Texts.Count == 0)
        {
            console.WriteLine("Nothing was found.");
        }
        else if (summary.Labels.Count > 0)
        {
            var chart = new BarChart().Width(ChartWidth).Label("Detections by label").LeftAlignLabel();
            foreach (var label in summary.Labels.Take(MaxLabels))
            {
                var color = LabelColors.Of(label.Label);
                chart.AddItem(
                    Markup.Escape(SafeText.OneLine(label.Label)),
                    label.DetectionCount,
                    new Color(color.Red, color.Green, color.Blue));
            }

            console.Write(chart);
            WriteRest(console, summary.Labels.Count - MaxLabels, "labels");
        }

        if (summary.Texts.Count > 0)
        {
            if (summary.Labels.Count > 0)
            {
                console.WriteLine();
            }

            var texts = new Table().Border(TableBorder.Simple).AddColumn("Text read").AddColumn(
                new TableColumn("Frames").RightAligned());
            foreach (var text in summary.Texts.Take(MaxTexts))
            {
                texts.AddRow(
                    new Text(SafeText.OneLine(text.Text)),
                    new Text(text.FrameCount.ToString(CultureInfo.InvariantCulture)));
            }

            console.Write(texts);
            WriteRest(console, summary.Texts.Count - MaxTexts, "texts");
        }
    }

    private static void WriteRest(IAnsiConsole console, int count, string what)
    {
        if (count > 0)
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"… and {count} more {what}"));
        }
    }
}
