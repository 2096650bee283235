namespace ForegSyte.Client.Uploads;

/// <summary>
/// Copies a stream without a known length to a temporary file, because an upload starts with its size and may send
/// parts again.
/// </summary>
internal static class StreamSpool
{
    private const int CopyBufferBytes = 81920;

    /// <summary>Copies both to a file that disappears when it is closed, also in a crash.</summary>
    /// <param name="head">Bytes that were read from the stream.</param>
    /// <param name="rest">The stream after these bytes.</param>
    /// <param name="options">Folder and maximum size of the file.</param>
    /// <param name="cancellationToken">Cancels the copying.</param>
    /// <returns>The file, at its start.</returns>
    /// <exception cref="IOException">The file cannot be written, or would be too large.</exception>
    public static async Task<FileStream> CopyAsync(
        ReadOnlyMemory<byte> head, Stream rest, UploadOptions options, CancellationToken cancellationToken)
    {
        var file = Create(options.SpoolFolder ?? Path.GetTempPath());
        try
        {
            await WriteAsync(file, head, options, cancellationToken);
            var buffer = new byte[CopyBufferBytes];
            int read;
            while ((read = await rest.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await WriteAsync(file, buffer.AsMemory(0, read), options, cancellationToken);
            }

            file.Position = 0;
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static ValueTask WriteAsync(
        FileStream file, ReadOnlyMemory<byte> bytes, UploadOptions options, CancellationToken cancellationToken) =>
        file.Position + bytes.Length > options.MaxSpoolBytes
            ? throw new IOException(FormattableString.Invariant(
                $"The stream has more than {options.MaxSpoolBytes} bytes (option Uploads.MaxSpoolBytes). ")
                + "Raise the option, or submit a file or a stream that can seek: neither needs a temporary file.")
            : file.WriteAsync(bytes, cancellationToken);

    private static FileStream Create(string folder)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Delete,
            Options = FileOptions.Asynchronous | (OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : default),
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(Path.Combine(folder, $"foregsyte-{Guid.NewGuid():N}.mp4"), options);
        if (!OperatingSystem.IsWindows())
        {
            // The open file keeps its bytes, and a crash leaves nothing behind.
            File.Delete(file.Name);
        }

        return file;
    }
}
