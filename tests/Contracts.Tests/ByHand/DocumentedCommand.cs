namespace ForegSyte.Contracts.Tests.ByHand;

/// <summary>A command of the document.</summary>
/// <param name="Line">Line of the document that it begins on, from 1.</param>
/// <param name="Section">Heading of the section that it stands in.</param>
/// <param name="Text">What follows "$ ".</param>
/// <param name="Output">The lines below it, up to the next command or the end of the block.</param>
internal sealed record DocumentedCommand(int Line, string Section, string Text, IReadOnlyList<string> Output);
