using ForegSyte.Hosting.Starting;
using Microsoft.Extensions.Configuration;

namespace ForegSyte.Hosting.Tests.Starting;

/// <summary>An argument that the configuration would ignore stops the program before it starts anything.</summary>
public sealed class StartupArgumentsTests
{
    private static readonly string[] Commands = ["backup", "restore", "verify", "rebuild", "keys"];

    [Theory]
    [InlineData("verfy", "verify")]
    [InlineData("Verify", "verify")]
    [InlineData("veriyf", "verify")]
    [InlineData("bakcup", "backup")]
    [InlineData("back-up", "backup")]
    [InlineData("-verfy", "verify")]
    [InlineData("--rebild", "rebuild")]
    [InlineData("/restor", "restore")]
    [InlineData("key", "keys")]
    public void ProblemIn_MisspeltCommand_NamesTheCommand(string word, string command)
    {
        var problem = StartupArguments.ProblemIn([word, "--DataDirectory=/srv"], Commands);

        Assert.Contains($"'{word}'", problem, StringComparison.Ordinal);
        Assert.Contains($"Did you mean '{command}'?", problem, StringComparison.Ordinal);
        Assert.Contains("backup, restore, verify, rebuild, keys", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("start")]
    [InlineData("x")]
    [InlineData("-v")]
    [InlineData("/srv/data")]
    [InlineData("--dry-run")]
    public void ProblemIn_OtherWord_GuessesNothing(string word)
    {
        var problem = StartupArguments.ProblemIn([word], Commands);

        Assert.Contains($"'{word}'", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("Did you mean", problem, StringComparison.Ordinal);
        Assert.Contains("The commands are", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--DataDirectory=/srv", "verify")]
    [InlineData("--verify")]
    [InlineData("-verify")]
    [InlineData("--verify", "--DataDirectory=/srv")]
    public void ProblemIn_CommandThatIsNotFirst_SaysWhereItBelongs(params string[] arguments) => Assert.Equal(
        "'verify' is a command. Write it first and without dashes; settings follow it.",
        StartupArguments.ProblemIn(arguments, Commands));

    [Theory]
    [InlineData("--Listen:Port=6200", "stray")]
    [InlineData("--Listen:Port", "6200", "stray")]
    [InlineData("stray", "--Listen:Port", "6200")]
    public void ProblemIn_StrayWordBesideSettings_IsFound(params string[] arguments) =>
        Assert.StartsWith(
            "'stray' is neither", StartupArguments.ProblemIn(arguments, Commands), StringComparison.Ordinal);

    [Fact]
    public void ProblemIn_ProgramWithoutCommands_SaysSo() => Assert.Contains(
        "This program has no commands.", StartupArguments.ProblemIn(["verify"], []), StringComparison.Ordinal);

    [Theory]
    [InlineData]
    [InlineData("")]
    [InlineData("--Listen:Port=6200")]
    [InlineData("--Listen:Port", "6200")]
    [InlineData("/Listen:Port", "6200")]
    [InlineData("/Listen:Port=6200")]
    [InlineData("Listen:Port=6200")]
    [InlineData("--print-configuration", "--Listen:Port=6200")]
    [InlineData("--Listen:Port=6200", "--check-configuration")]
    [InlineData("--Submit:AllowedRoots:0", "verify")]
    [InlineData("--Dispatch:FaultDelay", "-1")]
    public void ProblemIn_SettingsAndFlags_AreAccepted(params string[] arguments) =>
        Assert.Null(StartupArguments.ProblemIn(arguments, Commands));

    /// <summary>Every accepted argument is a setting to .NET too: none is ignored.</summary>
    [Theory]
    [InlineData(1, "--a:b=1")]
    [InlineData(1, "--a:b", "1")]
    [InlineData(1, "/a:b", "1")]
    [InlineData(2, "a:b=1", "--c:d", "2")]
    public void ProblemIn_AcceptedArguments_AreAllRead(int settings, params string[] arguments)
    {
        Assert.Null(StartupArguments.ProblemIn(arguments, Commands));
        Assert.Equal(
            settings,
            new ConfigurationBuilder().AddCommandLine(arguments).Build().AsEnumerable()
                .Count(setting => setting.Value is not null));
    }
}
