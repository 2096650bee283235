namespace ForegSyte.Inference.Video;

/// <summary>What a child process is started with.</summary>
/// <param name="Program">Name of the program that does the work, for traces: "ffmpeg".</param>
/// <param name="Words">All programs, the confining ones first, and arguments.</param>
/// <param name="Input">Bytes that its standard input holds before it ends; a few at most.</param>
internal sealed record ChildCommand(
    string Program, IReadOnlyList<string> Words, ReadOnlyMemory<byte> Input = default);
