using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.JobBenchmarks.Processes;

/// <summary>The peer: a program with Hangfire in it, in a process of its own.</summary>
internal sealed class HangfireProgram : IAsyncDisposable
{
    private readonly ChildProgram _program;

    private HangfireProgram(ChildProgram program, string invisibility) =>
        (_program, Invisibility) = (program, invisibility);

    /// <summary>Where its project lies.</summary>
    public static string Folder { get; } =
        Path.Combine(RepositoryFiles.Root, "tests", "JobBenchmarks", "peers", "hangfire");

    /// <summary>How long a job that a worker took is kept from others.</summary>
    public string Invisibility { get; }

    /// <summary>Builds it; it is not part of the solution.</summary>
    /// <exception cref="InvalidOperationException">It cannot be built, as where its packages are missing.</exception>
    public static async Task BuildAsync(CancellationToken cancellationToken)
    {
        var result = await Cli.Wrap("dotnet")
            .WithArguments(["build", Folder, "-c", "Release", "-v", "quiet", "--nologo", "-tl:off"])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancellationToken);
        if (!result.IsSuccess)
        {
            throw new InvalidOperationException($"Hangfire cannot be built: {FirstLine(result.StandardOutput)}");
        }
    }

    /// <summary>Starts it and returns when it takes commands.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="schema">Its schema; made where it is missing.</param>
    /// <param name="invisibility">See <see cref="Invisibility"/>; zero for Hangfire's default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<HangfireProgram> StartAsync(
        string connectionString, string schema, TimeSpan invisibility, CancellationToken cancellationToken)
    {
        var assembly = Path.Combine(Folder, "bin", "Release", "net10.0", "ForegSyte.HangfirePeer.dll");
        var program = ChildProgram.Start(
            assembly, serverCollector: false, connectionString, schema,
            invisibility.TotalSeconds.ToString("F0", CultureInfo.InvariantCulture));
        try
        {
            var ready = await program.ReadLineAsync(cancellationToken);
            return new HangfireProgram(program, ready.Split(' ')[^1]);
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>Enqueues jobs that carry a file.</summary>
    /// <returns>Jobs a second.</returns>
    public async Task<double> EnqueueAsync(
        int callers, TimeSpan duration, string file, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(
            FormattableString.Invariant($"enqueue {callers} {duration.TotalSeconds} {file}"), cancellationToken);
        var parts = answer.Split(' ').Select(part => double.Parse(part, CultureInfo.InvariantCulture)).ToArray();
        return parts[0] / parts[1];
    }

    /// <summary>Gives a command and returns the answer.</summary>
    public async Task<string> AskAsync(string command, CancellationToken cancellationToken)
    {
        await _program.WriteLineAsync(command, cancellationToken);
        return await _program.ReadLineAsync(cancellationToken);
    }

    /// <summary>Ends it at once (SIGKILL).</summary>
    public Task KillAsync() => _program.KillAsync();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _program.DisposeAsync();

    private static string FirstLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "it printed nothing";
}
