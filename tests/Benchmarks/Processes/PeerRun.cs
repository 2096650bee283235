namespace ForegSyte.Benchmarks.Processes;

/// <summary>What a peer says of its run.</summary>
/// <param name="Seconds">All frames; without the start, loading the model and one run that warms up.</param>
/// <param name="Frames">Frames that it looked at.</param>
/// <param name="Detections">Objects, summed over the frames.</param>
/// <param name="Versions">What it is made of.</param>
internal sealed record PeerRun(double Seconds, int Frames, int Detections, string Versions);
