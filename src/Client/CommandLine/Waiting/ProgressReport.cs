namespace ForegSyte.CommandLine.Waiting;

/// <summary>How far something is.</summary>
/// <param name="Stage">What is being done, for example "running".</param>
/// <param name="Done">Frames done.</param>
/// <param name="Total">Frames in all; 0 where not known.</param>
internal sealed record ProgressReport(string Stage, int Done, int Total);
