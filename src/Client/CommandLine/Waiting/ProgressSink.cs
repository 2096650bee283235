namespace ForegSyte.CommandLine.Waiting;

/// <summary>
/// Takes reports at once and in order, unlike <see cref="Progress{T}"/>, which posts them to the thread pool.
/// </summary>
internal sealed class ProgressSink<T>(Action<T> take) : IProgress<T>
{
    /// <inheritdoc />
    public void Report(T value) => take(value);
}
