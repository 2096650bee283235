namespace ForegSyte.Inference.Video;

/// <summary>What a child process is started with.</summary>
/// <param name="Words">Program and arguments.</param>
/// <param name="Input">Bytes that its standard input holds before it ends; a few at most.</param>
internal sealed record ChildCommand(IReadOnlyList<string> Words, ReadOnlyMemory<byte> Input = default);
