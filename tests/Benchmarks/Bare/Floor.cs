namespace ForegSyte.Benchmarks.Bare;

/// <summary>
/// The least that the frames of a workload cost, in seconds. All cores are taken to be busy in each part, so that the
/// parts one after the other are what can be reached; overlapping them gains only where a part leaves cores idle.
/// </summary>
/// <param name="Models">The runs of models, one after the other, each on as many threads as there are cores.</param>
/// <param name="ModelsSideBySide">The same runs, as many at once as there are cores, each on one thread.</param>
/// <param name="Decode">ffmpeg alone.</param>
internal sealed record Floor(double Models, double ModelsSideBySide, double Decode)
{
    /// <summary>Models, then decode: what the goal is held against.</summary>
    public double InSequence => Models + Decode;

    /// <summary>Models and decode at the same time, neither slowing the other down.</summary>
    public double Overlapped => Math.Max(Models, Decode);

    /// <summary>As <see cref="InSequence"/>, with the models side by side.</summary>
    public double SideBySideInSequence => ModelsSideBySide + Decode;
}
