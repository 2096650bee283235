namespace ForegSyte.Faults.Tests;

/// <summary>How the jobs of a run ended.</summary>
internal sealed class Tally
{
    /// <summary>Completed, with the results of an undisturbed run.</summary>
    public int Completed { get; set; }

    /// <summary>Cancelled by a caller.</summary>
    public int Cancelled { get; set; }

    /// <summary>Deleted by a caller.</summary>
    public int Gone { get; set; }

    /// <summary>Attempts of the completed jobs.</summary>
    public int Attempts { get; set; }

    /// <summary>Completed jobs that took over segments of an earlier attempt.</summary>
    public int Resumed { get; set; }
}
