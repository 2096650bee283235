using Spectre.Console;

namespace ForegSyte.CommandLine.Waiting;

/// <summary>Progress as one bar that moves.</summary>
internal sealed class LiveProgressDisplay(IAnsiConsole console, TimeProvider clock) : IProgressDisplay
{
    /// <inheritdoc />
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
            return await work(new ProgressSink<ProgressReport>(report =>
            {
                task.Description = Markup.Escape(ProgressText.Of(report, meter.Measure(report)));
                task.IsIndeterminate = report.Total <= 0;
                task.MaxValue = Math.Max(1, report.Total);
                task.Value = report.Done;
            }));
        });
    }
}
