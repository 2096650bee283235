using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Client;
using ForegSyte.Testing;

namespace ForegSyte.Packages.Tests;

/// <summary>The scripts of <c>foregsyte completion</c>, run by their shells with the installed tool.</summary>
[Collection(PackedCollection.Name)]
public sealed class CompletionTests(Packed packed, PackedCollection.RunningServices running)
{
    /// <summary>A line up to the cursor, and its candidates.</summary>
    public static TheoryData<string, string[]> Lines => new()
    {
        { "foregsyte li", ["list"] },
        { "foregsyte list --st", ["--status"] },
        { "foregsyte list --status c", ["cancelled", "completed"] },
        { "foregsyte submit --transfer ", ["automatic", "content", "path", "upload"] },
        { "foregsyte submit --pipeline o", ["ocr_only"] },
        { "foregsyte completion ", ["bash", "fish", "zsh"] },
        { "foregsyte nothing-like-that", [] },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Bash_Line_OffersTheCandidates(string line, string[] candidates) =>
        Assert.Equal(candidates, await InBashAsync(line));

    [Fact]
    public async Task Bash_AfterSourcing_CompletesTheCommand() => Assert.Equal(
        "complete -F _foregsyte foregsyte\n",
        await RunAsync("bash", "-c", "source <(foregsyte completion bash); complete -p foregsyte"));

    /// <summary>An interactive bash on a terminal that receives the Tab key.</summary>
    [Fact]
    public async Task Bash_TabOnATerminal_CompletesTheWord()
    {
        using var folder = Videos();
        await File.WriteAllTextAsync(
            folder.File("rc"),
            """
            PS1='> '
            source <(foregsyte completion bash)
            submitted() { printf '%s\n' "$@" > submitted; }
            """,
            TestContext.Current.CancellationToken);
        var run = await Cli.Wrap("script")
            .WithArguments(["-qec", $"bash --noprofile --rcfile {folder.File("rc")} -i", "/dev/null"])
            .WithStandardInputPipe(PipeSource.FromString(
                "foregsyte comp\tfi\t > script.fish\nalias foregsyte=submitted\nforegsyte submit video\\ \t\nexit\n"))
            .WithWorkingDirectory(folder.Path)
            .WithEnvironmentVariables(packed.Variables)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);

        Assert.True(File.Exists(folder.File("script.fish")), run.StandardOutput);
        Assert.Equal(
            await RunAsync(packed.Tool, "completion", "fish"),
            await File.ReadAllTextAsync(folder.File("script.fish"), TestContext.Current.CancellationToken));
        Assert.Equal(
            ["submit", "video one.mp4"],
            await File.ReadAllLinesAsync(folder.File("submitted"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Bash_JobId_OffersTheJobsThatTheCommandAccepts()
    {
        await using var client = running.Services.Client();
        using var folder = new TemporaryFolder();
        var job = await client.SubmitFileAsync(
            await Clips.MakeTestPictureAsync(folder.File("clip.mp4"), frames: 1),
            new SubmitOptions { PipelineId = "detect_only" },
            cancellationToken: TestContext.Current.CancellationToken);
        await client.WaitForCompletionAsync(job.JobId, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal([job.JobId], await InBashAsync($"foregsyte get {job.JobId[..8]}"));
        Assert.Equal([job.JobId], await InBashAsync($"foregsyte delete {job.JobId[..8]}"));
        Assert.Empty(await InBashAsync($"foregsyte cancel {job.JobId[..8]}"));
    }

    [Fact]
    public async Task Bash_ServerUnavailable_OffersNothing() =>
        Assert.Empty(await InBashAsync("foregsyte get --server http://127.0.0.1:1 "));

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Fish_Line_OffersTheCandidates(string line, string[] candidates)
    {
        SkipUnlessInstalled("fish");
        using var folder = Videos();
        var output = await RunInAsync(
            folder,
            "fish", "--no-config", "-c", "foregsyte completion fish | source; complete -C $argv[1]", "--", line);

        Assert.Equal(
            candidates.Select(candidate => candidate.Replace(" ", "\\ ", StringComparison.Ordinal)),
            LinesOf(output).Select(offered => offered.Split('\t')[0]));
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Zsh_Line_OffersTheCandidates(string line, string[] candidates)
    {
        SkipUnlessInstalled("zsh");
        using var folder = Videos();
        // Replaces the functions that need a terminal; they print their arguments.
        var output = await RunInAsync(
            folder,
            "zsh", "-f", "-c",
            """
            compdef() { :; }
            _describe() { print -rl -- "${(@)${(P@)2}%%:*}"; }
            _files() { print -rl -- ${words[CURRENT]}*(N); }
            source <(foregsyte completion zsh)
            words=("${(@s: :)1}"); CURRENT=$#words
            _foregsyte || [[ $? -eq 1 ]]
            """,
            "zsh", line);

        Assert.Equal(candidates, LinesOf(output));
    }

    private static TemporaryFolder Videos()
    {
        var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("video one.mp4"), "");
        File.WriteAllText(folder.File("video-two.mp4"), "");
        return folder;
    }

    private static string[] LinesOf(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];

    private static void SkipUnlessInstalled(string shell) => Assert.SkipUnless(
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, shell))),
        $"{shell} is not installed; eng/setup.sh --test installs it.");

    private async Task<string[]> InBashAsync(string line)
    {
        using var folder = Videos();
        // Sets the variables that readline sets; compopt works only inside readline.
        return LinesOf(await RunInAsync(
            folder,
            "bash", "-c",
            """
            source <(foregsyte completion bash)
            compopt() { :; }
            COMP_LINE=$1 COMP_POINT=${#1}
            read -ra COMP_WORDS <<< "$1"
            [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _foregsyte
            [ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
            """,
            "bash", line));
    }

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        return await RunInAsync(folder, program, arguments);
    }

    private Task<string> RunInAsync(TemporaryFolder folder, string program, params string[] arguments) =>
        Shell.RunAsync(
            folder.Path,
            new Dictionary<string, string?>(packed.Variables)
            {
                ["FOREGSYTE_SERVER"] = running.Services.JobAddress.ToString(),
            },
            program, arguments);
}
