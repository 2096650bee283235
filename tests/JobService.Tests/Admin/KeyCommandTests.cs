using ForegSyte.Jobs.Admin;
using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Admin;

/// <summary>keys add, list and revoke edit the file of keys.</summary>
public sealed class KeyCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string KeyFile => _folder.File("keys.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Keys_AddListRevoke_EditTheFile()
    {
        var added = await RunAsync(
            "add", "--id", "gate", "--tenant", "north", "--permissions", "read", "--expires", "90d");
        await RunAsync("add", "--id", "old", "--expires", "2020-01-31");
        var listed = await RunAsync("list");
        var revoked = await RunAsync("revoke", "gate");

        Assert.Contains("fgs_gate.", added.Output, StringComparison.Ordinal);
        Assert.Contains($"Added to {KeyFile}.", added.Output, StringComparison.Ordinal);
        var lines = listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches("^gate  tenant north  read  expires [0-9TZ:-]+$", lines[0]);
        Assert.Equal("old  tenant default  submit,read,admin  expired 2020-01-31T00:00:00Z", lines[1]);
        Assert.Equal(0, revoked.Code);
        Assert.DoesNotContain("gate", await File.ReadAllTextAsync(KeyFile, TestContext.Current.CancellationToken));
        Assert.True(
            OperatingSystem.IsWindows()
            || File.GetUnixFileMode(KeyFile) == (UnixFileMode.UserRead | UnixFileMode.UserWrite),
            "Other users can read the file.");
        Assert.Equal(["keys.json"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Keys_IdTwice_IsRefused()
    {
        await RunAsync("add", "--id", "gate");

        var (code, _, error) = await RunAsync("add", "--id", "gate");

        Assert.Equal(2, code);
        Assert.Contains("has a key gate. Choose another --id", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revoke_UnknownId_NamesTheKnownOnes()
    {
        await RunAsync("add", "--id", "gate");

        var (code, _, error) = await RunAsync("revoke", "gaet");

        Assert.Equal(2, code);
        Assert.Contains("has no key gaet. It has: gate.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_NoFile_SaysHowToCreateIt()
    {
        var (code, _, error) = await RunAsync("list");

        Assert.Equal(2, code);
        Assert.Contains("'keys add' creates it.", error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await AdminCommandLine.RunAsync(
            ["keys", .. arguments, "--file", KeyFile], output, error, _ => Task.CompletedTask,
            TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
