using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Processes;

/// <summary>The peer program, which hosts Hangfire.</summary>
internal sealed class HangfireProgram : IAsyncDisposable
{
    private readonly ChildProgram _program;

    private HangfireProgram(ChildProgram program, string invisibility) =>
        (_program, Invisibility) = (program, invisibility);

    /// <summary>Folder of its project.</summary>
    public static string Folder { get; } =
        Path.Combine(RepositoryFiles.Root, "tests", "Benchmarks", "peers", "hangfire");

    /// <summary>Hangfire's invisibility timeout: how long a fetched job is hidden from other workers.</summary>
    public string Invisibility { get; }

    /// <summary>Builds the program, which is not part of the solution.</summary>
    /// <exception cref="InvalidOperationException">The build failed, for example without its packages.</exception>
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

    /// <summary>Starts the program and returns when it accepts commands.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="schema">Its schema; created if missing.</param>
    /// <param name="invisibility">The <see cref="Invisibility"/>; zero for Hangfire's default.</param>
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

    /// <summary>Enqueues jobs that contain a file; returns the rate per second.</summary>
    public async Task<double> EnqueueAsync(
        int callers, TimeSpan duration, string file, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(
            FormattableString.Invariant($"enqueue {callers} {duration.TotalSeconds} {file}"), cancellationToken);
        var parts = answer.Split(' ').Select(part => double.Parse(part, CultureInfo.InvariantCulture)).ToArray();
        return parts[0] / parts[1];
    }

    /// <summary>Sends a command and returns the answer.</summary>
    public async Task<string> AskAsync(string command, CancellationToken cancellationToken)
    {
        await _program.WriteLineAsync(command, cancellationToken);
        return await _program.ReadLineAsync(cancellationToken);
    }

    /// <summary>Kills it (SIGKILL).</summary>
    public Task KillAsync() => _program.KillAsync();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _program.DisposeAsync();

    private static string FirstLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "it printed nothing";
}
