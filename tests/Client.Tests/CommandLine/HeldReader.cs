namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>A terminal at which nobody answers: reading holds its thread until the reader is closed.</summary>
internal sealed class HeldReader : TextReader
{
    private readonly ManualResetEventSlim _closed = new();
    private readonly TaskCompletionSource _reached = new();

    /// <summary>Ends when somebody reads.</summary>
    public Task Reached => _reached.Task;

    public override string? ReadLine()
    {
        _reached.TrySetResult();
        _closed.Wait();
        return null;
    }

    protected override void Dispose(bool disposing)
    {
        // Not disposed: the thread that was held may still be on its way out of it.
        _closed.Set();
        base.Dispose(disposing);
    }
}
