namespace ForegSyte.CommandLine.Waiting;

/// <summary>Frames or bytes a second since the stage began to be watched.</summary>
internal sealed class RateMeter(TimeProvider clock)
{
    private string _stage = "";
    private long _startedAt;
    private long _doneAtStart;

    /// <summary>Mean rate since the first report of this stage; 0 where nothing has been done since.</summary>
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
