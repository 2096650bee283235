namespace ForegSyte.CommandLine.Waiting;

/// <summary>What progress is counted in.</summary>
internal enum ProgressUnit
{
    /// <summary>Frames of a video.</summary>
    Frames,

    /// <summary>Bytes of a file.</summary>
    Bytes,
}
