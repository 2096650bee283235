namespace ForegSyte.CommandLine.Waiting;

/// <summary>How far something is.</summary>
/// <param name="Stage">What is being done, for example "running".</param>
/// <param name="Done">How much is done, in the unit.</param>
/// <param name="Total">How much there is in all; 0 where not known.</param>
/// <param name="Unit">What is counted.</param>
internal sealed record ProgressReport(string Stage, long Done, long Total, ProgressUnit Unit = ProgressUnit.Frames);
