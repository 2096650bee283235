using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The real command line in a process of its own.</summary>
internal static class CommandLineProcess
{
    private const int Columns = 200;

    /// <summary>Runs one command to its end.</summary>
    /// <param name="server">Address of the JobService.</param>
    /// <param name="environment">More variables.</param>
    /// <param name="arguments">The command.</param>
    public static async Task<BufferedCommandResult> RunAsync(
        Uri server, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(
            RepositoryFiles.Root, "src", "Client", "CommandLine", "bin",
            output.Parent!.Name, output.Name, "foregsyte.dll");
        return await Cli.Wrap("dotnet")
            .WithArguments([program, .. arguments])
            .WithEnvironmentVariables(variables =>
            {
                variables.Set("FOREGSYTE_SERVER", server.ToString())
                    .Set("COLUMNS", Columns.ToString(CultureInfo.InvariantCulture));
                foreach (var (name, value) in environment)
                {
                    variables.Set(name, value);
                }
            })
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
    }
}
