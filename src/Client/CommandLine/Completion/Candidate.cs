namespace ForegSyte.CommandLine.Completion;

/// <summary>What may stand where the cursor is.</summary>
/// <param name="Text">The word.</param>
/// <param name="Description">What it means, one line; may be empty.</param>
internal sealed record Candidate(string Text, string Description);
