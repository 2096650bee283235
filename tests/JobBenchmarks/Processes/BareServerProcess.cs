using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Processes;

/// <summary>A bare gRPC server, in a process of its own.</summary>
internal sealed class BareServerProcess : IAsyncDisposable
{
    private readonly ChildProgram _program;

    private BareServerProcess(ChildProgram program, Uri address) => (_program, Address) = (program, address);

    /// <summary>Its process id.</summary>
    public int Id => _program.Id;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>What the process holds in memory now.</summary>
    public ProcessMemory Memory => ProcessMemory.Of(_program.Id);

    /// <summary>Starts it and returns when it listens.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="role">The subcommand, with arguments, that makes this program that server.</param>
    public static async Task<BareServerProcess> StartAsync(CancellationToken cancellationToken, params string[] role)
    {
        var program = ChildProgram.StartOwn(role);
        try
        {
            return new BareServerProcess(program, new Uri(await program.ReadLineAsync(cancellationToken)));
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
