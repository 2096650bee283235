using Microsoft.Win32.SafeHandles;

namespace ForegSyte.JobBenchmarks.Uploads;

/// <summary>Where parts go: to a file, which is begun anew for each upload, or nowhere.</summary>
internal sealed class SinkFile(string? path) : IDisposable
{
    private SafeFileHandle? _handle;

    /// <summary>Begins a file.</summary>
    public void Begin()
    {
        _handle?.Dispose();
        _handle = path is null
            ? null
            : File.OpenHandle(path, FileMode.Create, FileAccess.Write, options: FileOptions.Asynchronous);
    }

    /// <summary>Writes a part where it belongs.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, long offset) =>
        _handle is null ? ValueTask.CompletedTask : RandomAccess.WriteAsync(_handle, data, offset);

    /// <summary>Makes all of it durable with one fsync.</summary>
    public void End()
    {
        if (_handle is not null)
        {
            RandomAccess.FlushToDisk(_handle);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _handle?.Dispose();
}
