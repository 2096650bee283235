namespace ForegSyte.Jobs.Fetching;

/// <summary>Where the bytes of a fetch go. What it throws ends the fetch and reaches the caller as it is.</summary>
internal interface IFetchSink
{
    /// <summary>Is told how large the whole video is, where the server tells; refuses what is too large.</summary>
    void Expect(long totalBytes);

    /// <summary>Takes the next bytes; refuses what is too much, or cannot be a video.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Forgets all bytes: the transfer begins again.</summary>
    void Restart();
}
