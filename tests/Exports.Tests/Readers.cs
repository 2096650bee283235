using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using DuckDB.NET.Data;
using ForegSyte.Testing;

namespace ForegSyte.Exports.Tests;

/// <summary>Programs that read exports, independent of the code that wrote them.</summary>
internal static class Readers
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Reads a file with DuckDB; {file} in the query stands for its quoted path.</summary>
    /// <returns>The rows; a value is a text, "NULL" if it is missing.</returns>
    public static async Task<List<string>> DuckDbAsync(byte[] export, string query)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("export");
        await File.WriteAllBytesAsync(path, export, Cancellation);
        using var connection = new DuckDBConnection("DataSource=:memory:");
        await connection.OpenAsync(Cancellation);
        using var command = connection.CreateCommand();
        command.CommandText = query.Replace("{file}", $"'{path}'", StringComparison.Ordinal);
        using var reader = await command.ExecuteReaderAsync(Cancellation);
        var rows = new List<string>();
        while (await reader.ReadAsync(Cancellation))
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(index => TextOf(reader[index]))));
        }

        return rows;
    }

    /// <summary>Runs a Python program with the path of the export as its argument; skips the test without Python.
    /// </summary>
    /// <returns>What it printed.</returns>
    public static async Task<string> PythonAsync(byte[] export, string program)
    {
        Assert.SkipUnless(await HasPythonAsync(), "python3 is not installed; it reads exports back.");
        return await RunAsync("python3", export, path => ["-c", program, path]);
    }

    /// <summary>Converts subtitles with FFmpeg.</summary>
    /// <param name="export">The subtitles.</param>
    /// <param name="from">Their format, as FFmpeg names it.</param>
    /// <param name="to">The wanted format.</param>
    public static Task<string> FfmpegAsync(byte[] export, string from, string to) =>
        RunAsync("ffmpeg", export, path => ["-v", "error", "-f", from, "-i", path, "-f", to, "-"]);

    /// <summary>Lists the packets of subtitles with ffprobe: start and duration in seconds.</summary>
    public static Task<string> FfprobeAsync(byte[] export, string format) => RunAsync(
        "ffprobe", export,
        path =>
        [
            "-v", "error", "-f", format, "-show_entries", "packet=pts_time,duration_time", "-of", "csv=p=0", path,
        ]);

    private static async Task<bool> HasPythonAsync() =>
        (await Shell.RunAsync("command -v python3", Path.GetTempPath())).ExitCode == 0;

    private static async Task<string> RunAsync(string program, byte[] export, Func<string, string[]> arguments)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("export");
        await File.WriteAllBytesAsync(path, export, Cancellation);
        var run = await Cli.Wrap(program)
            .WithArguments(arguments(path))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(Cancellation);
        Assert.True(run.ExitCode == 0, $"{program} exited with {run.ExitCode}: {run.StandardError}");
        Assert.True(run.StandardError.Length == 0, $"{program} complains: {run.StandardError}");
        return run.StandardOutput;
    }

    private static string TextOf(object value) => value switch
    {
        DBNull => "NULL",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
