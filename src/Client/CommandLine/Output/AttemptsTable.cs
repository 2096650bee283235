using System.Globalization;
using ForegSyte.CommandLine.Running;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Output;

/// <summary>The attempts of a job for people.</summary>
internal static class AttemptsTable
{
    private const int MaxAttempts = 10;

    /// <summary>
    /// Writes the latest attempts, oldest first. Nothing where the one attempt tells no more than the job itself.
    /// </summary>
    public static void Write(IAnsiConsole console, Job job)
    {
        if (!job.Attempts.Any(attempt => attempt.ErrorReason.Length > 0 || attempt.FramesResumed > 0)
            && job.Attempts.Count < 2)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Simple).AddColumn("Attempt").AddColumn("Started").AddColumn("Time")
            .AddColumn(new TableColumn("Frames resumed").RightAligned()).AddColumn("Device").AddColumn("Outcome")
            .AddColumn("Retryable");
        foreach (var attempt in job.Attempts.TakeLast(MaxAttempts))
        {
            var device = attempt.Device is null ? "" : JobFacts.Device(attempt.Device);
            table.AddRow(
                new Text(attempt.Number.ToString(CultureInfo.InvariantCulture)),
                new Text(JobFacts.Time(attempt.StartedAt)),
                new Text(TimeOf(attempt)),
                new Text(attempt.FramesResumed.ToString(CultureInfo.InvariantCulture)),
                new Text(SafeText.OneLine(device)),
                new Text(SafeText.OneLine(OutcomeOf(attempt))),
                new Text(attempt.ErrorReason.Length == 0 ? "" : attempt.Retryable ? "yes" : "no"));
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
        ? DurationText.Format(end.ToDateTimeOffset() - start.ToDateTimeOffset())
        : "";

    private static string OutcomeOf(Attempt attempt) => attempt switch
    {
        { ErrorReason.Length: > 0 } => $"{attempt.ErrorReason}: {attempt.ErrorMessage}",
        { EndedAt: null } => "running",
        _ => "completed",
    };
}
