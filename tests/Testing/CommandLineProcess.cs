using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>Exit code and output of a finished command line.</summary>
public sealed record CommandLineResult(int ExitCode, string StandardOutput, string StandardError);

/// <summary>The command line `foregsyte` in its own process. Disposing kills it.</summary>
public sealed class CommandLineProcess : IAsyncDisposable
{
    /// <summary>Wide enough that no table wraps.</summary>
    private const int Columns = 200;

    private readonly Process _process;
    private readonly Task<string> _output;

    private CommandLineProcess(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>Path of the program.</summary>
    public static string Program { get; } = RepositoryFiles.BuiltAssembly("src/Client/CommandLine", "foregsyte");

    public int Id => _process.Id;

    /// <summary>Starts a command.</summary>
    /// <param name="server">Address of the JobService.</param>
    /// <param name="environment">Further environment variables.</param>
    /// <param name="arguments">The command.</param>
    public static CommandLineProcess Start(
        Uri server, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(server);
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["FOREGSYTE_SERVER"] = server.ToString();
        start.Environment["COLUMNS"] = Columns.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new CommandLineProcess(start);
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<CommandLineResult> RunAsync(
        Uri server, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        await using var process = Start(server, environment, arguments);
        return await process.EndAsync();
    }

    /// <summary>Reads the error output until a line starts with a text.</summary>
    public async Task WaitForErrorLineAsync(string start)
    {
        var seen = new List<string>();
        while (await _process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.StartsWith(start, StringComparison.Ordinal))
            {
                return;
            }

            seen.Add(line);
        }

        Assert.Fail($"The command ended before it printed a line that starts with \"{start}\":\n"
            + string.Join('\n', seen));
    }

    /// <summary>Kills it (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<CommandLineResult> EndAsync()
    {
        var token = TestContext.Current.CancellationToken;
        var error = await _process.StandardError.ReadToEndAsync(token);
        await _process.WaitForExitAsync(token);
        return new CommandLineResult(_process.ExitCode, await _output, error);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }
}
