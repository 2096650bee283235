using System.Globalization;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Output;

/// <summary>One job for people.</summary>
internal static class JobView
{
    private const int MaxLabels = 20;
    private const int MaxTexts = 15;
    private const int ChartWidth = 60;

    private static readonly Style Dim = new(decoration: Decoration.Dim);

    /// <summary>Writes all that is known of a job.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="job">The job.</param>
    /// <param name="now">The time, for what the job waits for.</param>
    public static void Write(IAnsiConsole console, Job job, DateTimeOffset now)
    {
        var facts = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();
        void Add(string name, string value, Style? style = null)
        {
            if (value.Length > 0)
            {
                facts.AddRow(new Text(name, Dim), new Text(SafeText.OneLine(value), style));
            }
        }

        Add("Job", job.JobId);
        Add("Status", StatusText(job.Status), StatusStyle(job.Status));
        Add("Waiting", WaitText.Of(job, now));
        Add("Priority", string.Create(CultureInfo.InvariantCulture, $"{job.Priority} (9 runs first)"));
        Add("Name", job.DisplayName);
        Add("Pipeline", $"{job.PipelineId}, {JobFacts.Frames(job.Options)}");
        Add("Video", job.Video is null ? "" : JobFacts.Video(job.Video));
        Add("Frames", FramesText(job));
        Add("Speed", JobFacts.FramesPerSecond(job) is { } rate
            ? string.Create(CultureInfo.InvariantCulture, $"{rate:0.#} frames/s")
            : "");
        Add("Device", job.Device is null ? "" : JobFacts.Device(job.Device), DeviceStyle(job.Device));
        Add("Time", job.Timings is null ? "" : JobFacts.Timings(job.Timings));
        Add("Created", JobFacts.Time(job.CreatedAt));
        Add("Trace", JobFacts.TraceId(job));
        Add("Error", ErrorText(job), new Style(Color.Red));
        console.Write(facts);
        AttemptsTable.Write(console, job);
        if (job.Summary is not null)
        {
            WriteFindings(console, job.Summary);
        }
    }

    /// <summary>A status in lower case.</summary>
    public static string StatusText(JobStatus status) => status.ToString().ToLowerInvariant();

    /// <summary>A status' colour.</summary>
    public static Style StatusStyle(JobStatus status) => status switch
    {
        JobStatus.Completed => new Style(Color.Green),
        JobStatus.Failed => new Style(Color.Red),
        JobStatus.Cancelled => new Style(Color.Yellow),
        JobStatus.Running => new Style(Color.Blue),
        _ => Style.Plain,
    };

    /// <summary>Why a job failed, the reason first; empty where it did not.</summary>
    public static string ErrorText(Job job) =>
        job.ErrorInfo is { Reason.Length: > 0 } info ? $"{info.Reason}: {job.ErrorMessage}" : job.ErrorMessage;

    private static string FramesText(Job job) => job.Summary?.Frames is { } frames
        ? JobFacts.Accounting(frames)
        : job.Progress is { FramesTotal: > 0 } progress
            ? string.Create(CultureInfo.InvariantCulture, $"{progress.FramesDone} of {progress.FramesTotal}")
            : "";

    private static Style? DeviceStyle(Device? device) =>
        device is { FallbackReason.Length: > 0 } ? new Style(Color.Yellow) : default(Style?);

    private static void WriteFindings(IAnsiConsole console, JobSummary summary)
    {
        console.WriteLine();
        if (summary.DetectionsByLabel.Count == 0)
        {
            console.WriteLine("No objects were detected.");
        }
        else
        {
            var chart = new BarChart().Width(ChartWidth).Label("Detections by label").LeftAlignLabel();
            var labels = summary.DetectionsByLabel.OrderByDescending(label => label.Value).ThenBy(label => label.Key);
            foreach (var (label, count) in labels.Take(MaxLabels))
            {
                var color = Annotation.LabelColors.Of(label);
                chart.AddItem(
                    Markup.Escape(SafeText.OneLine(label)), count, new Color(color.Red, color.Green, color.Blue));
            }

            console.Write(chart);
            WriteRest(console, summary.DetectionsByLabel.Count - MaxLabels, "labels");
        }

        if (summary.Texts.Count > 0)
        {
            console.WriteLine();
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
