using ForegSyte.Jobs.Admin;

namespace ForegSyte.Jobs.Tests.Admin;

public sealed class AdminUsageTests
{
    [Theory]
    [InlineData("import")]
    [InlineData("backup")]
    [InlineData("restore", "--from")]
    public async Task Run_WithoutANeededArgument_ExitsWithTwoAndShowsHelp(params string[] arguments)
    {
        using var text = new StringWriter();

        var exitCode = await AdminCommandLine.RunAsync(
            [.. arguments, "--DataDirectory=/nowhere"], text, text, _ => Task.CompletedTask,
            TestContext.Current.CancellationToken);

        Assert.Equal(2, exitCode);
        Assert.Contains("Usage:", $"{text}", StringComparison.Ordinal);
    }
}
