namespace ForegSyte.Jobs.Storage;

/// <summary>A file that becomes an artifact when it is committed.</summary>
/// <param name="commit">
/// The file, without a buffer: Dispose would write a buffer again after a failed write, and fail again.
/// </param>
/// <param name="committer">Commits the file.</param>
/// <param name="disposed">Called when the temporary file is gone.</param>
internal sealed class LocalArtifact(FileCommit commit, FileCommitter committer, Action disposed) : IStagedArtifact
{
    /// <inheritdoc />
    public Stream Stream { get; } = new ArtifactStream(commit.File);

    /// <inheritdoc />
    public Task CommitAsync(CancellationToken cancellationToken) => CommitAsync(commit, cancellationToken);

    /// <inheritdoc />
    public Task CommitSharedAsync(string contentId, CancellationToken cancellationToken) =>
        CommitAsync(commit with { ContentId = contentId }, cancellationToken);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await commit.File.DisposeAsync();
        if (!commit.KeepsSource)
        {
            // Still there if it was not committed.
            File.Delete(commit.SourcePath);
        }

        disposed();
    }

    private async Task CommitAsync(FileCommit file, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await committer.CommitAsync(file);
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }

    /// <summary>Forwards to a file and reports a full disk as STORAGE_FULL.</summary>
    private sealed class ArtifactStream(FileStream file) : Stream
    {
        public override bool CanRead => file.CanRead;

        public override bool CanSeek => file.CanSeek;

        public override bool CanWrite => file.CanWrite;

        public override long Length => file.Length;

        public override long Position
        {
            get => file.Position;
            set => file.Position = value;
        }

        public override int Read(byte[] buffer, int offset, int count) => file.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => file.Read(buffer);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            file.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

        public override void Flush() => file.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => file.FlushAsync(cancellationToken);

        public override void SetLength(long value)
        {
            try
            {
                file.SetLength(value);
            }
            catch (IOException failure) when (DiskFull.Is(failure))
            {
                throw DiskFull.Report(failure);
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                file.Write(buffer);
            }
            catch (IOException failure) when (DiskFull.Is(failure))
            {
                throw DiskFull.Report(failure);
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                await file.WriteAsync(buffer, cancellationToken);
            }
            catch (IOException failure) when (DiskFull.Is(failure))
            {
                throw DiskFull.Report(failure);
            }
        }
    }
}
