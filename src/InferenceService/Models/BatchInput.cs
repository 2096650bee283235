namespace ForegSyte.Inference.Models;

/// <summary>The place of one call in a run that it shares with others.</summary>
/// <param name="first">First row of the batch that is its own.</param>
/// <param name="items">How many rows.</param>
internal sealed class BatchInput(int first, int items)
{
    public int First { get; } = first;

    public int Items { get; } = items;

    /// <summary>Whether the caller does not want the outputs any more.</summary>
    public bool IsGone { get; set; }
}
