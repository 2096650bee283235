namespace ForegSyte.Benchmarks.Jobs;

/// <summary>What one job came to.</summary>
/// <param name="Seconds">From submit to the last result.</param>
/// <param name="Detections">Objects, summed over the frames.</param>
/// <param name="Lines">Lines of text, summed over the frames.</param>
internal sealed record JobRun(double Seconds, int Detections, int Lines);
