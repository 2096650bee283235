using System.Globalization;
using ForegSyte.Protocol.Text;
using Spectre.Console;

namespace ForegSyte.CommandLine.Output;

/// <summary>Shows the progress of a task: a live bar on a terminal, lines elsewhere.</summary>
internal interface IProgressDisplay
{
    /// <summary>Runs the task and shows its reports, in order and on the thread that makes them.</summary>
    Task<T> ShowAsync<T>(Func<IProgress<ProgressReport>, Task<T>> work);
}

/// <summary>Progress of a task.</summary>
/// <param name="Stage">Current stage, for example "running".</param>
/// <param name="Done">Completed units.</param>
/// <param name="Total">All units; 0 if unknown.</param>
/// <param name="Unit">Unit of both.</param>
internal sealed record ProgressReport(string Stage, long Done, long Total, ProgressUnit Unit = ProgressUnit.Frames);

internal enum ProgressUnit
{
    Frames,
    Bytes,
}

/// <summary>
/// Handles reports synchronously and in order, unlike <see cref="Progress{T}"/>, which posts them to the thread pool.
/// </summary>
internal sealed class SynchronousProgress<T>(Action<T> handle) : IProgress<T>
{
    public void Report(T value) => handle(value);
}

/// <summary>Shows one live progress bar.</summary>
internal sealed class LiveProgressDisplay(IAnsiConsole console, TimeProvider clock) : IProgressDisplay
{
    public async Task<T> ShowAsync<T>(Func<IProgress<ProgressReport>, Task<T>> work)
    {
        var meter = new RateMeter(clock);
        var progress = new Progress(console, clock).AutoClear(true).Columns(
            new SpinnerColumn(),
            new ProgressBarColumn(),
            new PercentageColumn(),
            new TaskDescriptionColumn { Alignment = Justify.Left });
        return await progress.StartAsync(async context =>
        {
            var task = context.AddTask("waiting");
            task.IsIndeterminate = true;
            return await work(new SynchronousProgress<ProgressReport>(report =>
            {
                task.Description = Markup.Escape(ProgressText.Of(report, meter.Measure(report)));
                task.IsIndeterminate = report.Total <= 0;
                task.MaxValue = Math.Max(1, report.Total);
                task.Value = report.Done;
            }));
        });
    }
}

/// <summary>Writes a line when the stage changes and for each further tenth of it.</summary>
internal sealed class PlainProgressDisplay(TextWriter writer, TimeProvider clock) : IProgressDisplay
{
    private const int LinesPerStage = 10;

    public async Task<T> ShowAsync<T>(Func<IProgress<ProgressReport>, Task<T>> work)
    {
        var meter = new RateMeter(clock);
        (string Stage, int Tenth) written = ("", -1);
        return await work(new SynchronousProgress<ProgressReport>(report =>
        {
            var rate = meter.Measure(report);
            var tenth = report.Total > 0 ? (int)(report.Done * LinesPerStage / report.Total) : 0;
            if ((report.Stage, tenth) != written)
            {
                written = (report.Stage, tenth);
                writer.WriteLine(ProgressText.Of(report, rate));
            }
        }));
    }
}

/// <summary>Measures the mean rate of the current stage.</summary>
internal sealed class RateMeter(TimeProvider clock)
{
    private string _stage = "";
    private long _startedAt;
    private long _doneAtStart;

    /// <summary>Returns units per second since the first report of the stage; 0 without progress.</summary>
    public double Measure(ProgressReport report)
    {
        if (report.Stage != _stage)
        {
            (_stage, _startedAt, _doneAtStart) = (report.Stage, clock.GetTimestamp(), report.Done);
        }

        var seconds = clock.GetElapsedTime(_startedAt).TotalSeconds;
        return seconds > 0 ? Math.Max(0, report.Done - _doneAtStart) / seconds : 0;
    }
}

/// <summary>Progress as text.</summary>
internal static class ProgressText
{
    /// <summary>
    /// For example "running, 45 of 100 frames, 23.1 frames/s, 2.4 s left" or "uploading, 1.2 GB of 3.4 GB, 110 MB/s,
    /// 20 s left".
    /// </summary>
    /// <param name="report">The progress.</param>
    /// <param name="perSecond">Rate in the unit of the report; 0 if unknown.</param>
    public static string Of(ProgressReport report, double perSecond)
    {
        if (report.Total <= 0)
        {
            return report.Stage;
        }

        var text = $"{report.Stage}, {Amounts(report)}";
        if (perSecond <= 0)
        {
            return text;
        }

        text += $", {Rate(report.Unit, perSecond)}";
        var left = TimeSpan.FromSeconds(Math.Ceiling((report.Total - report.Done) / perSecond));
        return report.Done < report.Total ? $"{text}, {DurationText.Approximate(left)} left" : text;
    }

    private static string Amounts(ProgressReport report) => report.Unit == ProgressUnit.Bytes
        ? $"{SizeText.Approximate(report.Done)} of {SizeText.Approximate(report.Total)}"
        : string.Create(CultureInfo.InvariantCulture, $"{report.Done} of {PluralText.Of(report.Total, "frame")}");

    private static string Rate(ProgressUnit unit, double perSecond) => unit == ProgressUnit.Bytes
        ? $"{SizeText.Approximate((long)perSecond)}/s"
        : string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.#} frames/s");
}
