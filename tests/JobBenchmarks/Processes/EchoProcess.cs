namespace ForegSyte.JobBenchmarks.Processes;

/// <summary>The echo server in a process of its own.</summary>
internal sealed class EchoProcess : IAsyncDisposable
{
    private readonly ChildProgram _program;

    private EchoProcess(ChildProgram program, Uri address) => (_program, Address) = (program, address);

    /// <summary>Its process id.</summary>
    public int Id => _program.Id;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts it and returns when it listens.</summary>
    public static async Task<EchoProcess> StartAsync(CancellationToken cancellationToken)
    {
        var program = ChildProgram.StartOwn("echo", "--port", "0");
        try
        {
            return new EchoProcess(program, new Uri(await program.ReadLineAsync(cancellationToken)));
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _program.DisposeAsync();
}
