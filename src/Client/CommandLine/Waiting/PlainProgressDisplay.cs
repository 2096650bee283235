namespace ForegSyte.CommandLine.Waiting;

/// <summary>Progress as lines: one when the stage changes, one for each further tenth, one at the end.</summary>
internal sealed class PlainProgressDisplay(TextWriter writer, TimeProvider clock) : IProgressDisplay
{
    private const int LinesPerStage = 10;

    /// <inheritdoc />
    public async Task<T> ShowAsync<T>(Func<IProgress<ProgressReport>, Task<T>> work)
    {
        var meter = new RateMeter(clock);
        (string Stage, int Tenth) written = ("", -1);
        return await work(new ProgressSink<ProgressReport>(report =>
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
