using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Every code block of README.md works when a reader pastes it, in order, into a fresh checkout.</summary>
public sealed class ReadmeTests(ITestOutputHelper output)
{
    /// <summary>The client with its default address, which the test replaces.</summary>
    private const string NewClient = "new ForegSyteClient()";

    /// <summary>Commands that the test must not run, each with the reason.</summary>
    private static readonly Dictionary<string, string> NotRun = new()
    {
        ["make test"] = "it would run this test again",
        ["make quick"] = "the tests already run",
        ["make demo"] = "it builds everything",
        ["make run"] = "the test starts the services itself",
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [TestTimeLimit(30)]
    public async Task Blocks_PastedInOrder_Work()
    {
        using var home = new TemporaryFolder();
        using var checkout = new TemporaryFolder();
        await using var services = new Installation(new Dictionary<string, string> { ["Listen:HttpPort"] = "0" });
        await services.StartAsync();
        await LinkRepositoryAsync(checkout);
        var blocks = MarkdownCode.Parse(await File.ReadAllTextAsync(
            Path.Combine(RepositoryFiles.Root, "README.md"), Token));
        var script = checkout.File("readme.sh");
        await File.WriteAllTextAsync(script, ScriptOf(blocks, services, checkout), Token);

        var run = await Shell.RunAsync($"bash '{script}' 2>&1", checkout.Path, new Dictionary<string, string?>
        {
            ["HOME"] = home.Path,
            ["NUGET_PACKAGES"] = home.File("packages"),
            ["REAL_NUGET_PACKAGES"] = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
            ["REPOSITORY"] = RepositoryFiles.Root,
            ["CONFIGURATION"] = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name,
            ["DOTNET_NOLOGO"] = "1",
            ["FOREGSYTE_SERVER"] = services.JobAddress.ToString(),
        });

        output.WriteLine(run.StandardOutput);
        Assert.True(
            run.ExitCode == 0, $"README.md: the last command that was started failed.\n{run.StandardOutput}");
    }

    [Fact]
    public void Parse_Blocks_HaveLanguageLineAndReason()
    {
        var blocks = MarkdownCode.Parse(
            """
            # Title
            ```bash
            one
            # a comment
            two \
              more
            ```
            <!-- not run: it takes hours -->
            ```bash
            three
            ```
            Text with `code`.
              ```python
              import four
              if True:
                  five
              ```
            ```
            plain
            ```
            """);

        Assert.Equal(
            [("bash", 3, null), ("bash", 10, "it takes hours"), ("python", 14, null), ("", 19, null)],
            blocks.Select(block => (block.Language, block.Line, block.NotRun)));
        Assert.Equal("one\n# a comment\ntwo \\\n  more", blocks[0].Text);
        Assert.Equal("import four\nif True:\n    five", blocks[2].Text);
    }

    [Fact]
    public void Parse_BlockWithoutEnd_IsRefused() =>
        Assert.Throws<FormatException>(() => MarkdownCode.Parse("text\n```bash\none\n"));

    [Fact]
    public void Commands_ConsoleBlock_AreTheLinesWithAPrompt() => Assert.Equal(
        ["one", "two \\\n  more"],
        new CodeBlock("console", 1, "$ one\noutput\n$ two \\\n  more\noutput", NotRun: null).Commands());

    [Fact]
    public void Commands_BashBlock_AreItsLinesWithoutComments() => Assert.Equal(
        ["one   # why", "two \\\n  more", "f() {\n  three\n}"],
        new CodeBlock("bash", 1, "# a\none   # why\n\ntwo \\\n  more\nf() {\n  three\n}", NotRun: null).Commands());

    /// <summary>A checkout whose files are links to the repository; the folders out and data are its own.</summary>
    private static async Task LinkRepositoryAsync(TemporaryFolder checkout)
    {
        foreach (var path in Directory.GetFileSystemEntries(RepositoryFiles.Root))
        {
            var name = Path.GetFileName(path);
            if (name is not ("out" or ".git" or "data"))
            {
                File.CreateSymbolicLink(checkout.File(name), path);
            }
        }

        // The blocks analyze the sample five times, so it is short here.
        var samples = Directory.CreateDirectory(checkout.File(Path.Combine("data", "samples")));
        var sample = await Clips.MakeAsync(
            Path.Combine(samples.FullName, Path.GetFileName(RepositoryFiles.Pedestrians)),
            "-i", RepositoryFiles.Pedestrians, "-t", "1", "-c", "copy");

        // The examples call the reader's own video so.
        File.Copy(sample, checkout.File("video.mp4"));
    }

    /// <summary>One script for all blocks, since a reader uses one shell. It prints the line of each command.</summary>
    private static string ScriptOf(IEnumerable<CodeBlock> blocks, Installation services, TemporaryFolder checkout)
    {
        var lines = new List<string>
        {
            "set -eo pipefail",

            // make runs in the repository, with what was built for the tests and with the packages of the machine.
            "make() {",
            "  if [ \"$1\" = pack ]; then",
            "    NUGET_PACKAGES=$REAL_NUGET_PACKAGES \"$REPOSITORY/eng/pack.sh\" --no-build \"$PWD/out/packages\"",
            "  else",
            "    NUGET_PACKAGES=$REAL_NUGET_PACKAGES command make -C \"$REPOSITORY\" \"$@\"",
            "  fi",
            "}",
        };
        foreach (var block in blocks)
        {
            if (block.NotRun is { } reason)
            {
                lines.Add($"echo 'README.md:{block.Line}: not run: {reason}'");
            }
            else if (block.Language is "bash" or "console")
            {
                lines.AddRange(block.Commands().SelectMany(command => ShellLines(block, command, services)));
            }
            else if (block.Language == "python")
            {
                var file = checkout.File($"readme-{block.Line}.py");
                File.WriteAllText(file, WithAddresses(block.Text, services));
                lines.Add($"echo '== README.md:{block.Line} python'");
                lines.Add(
                    "if eng/python.sh \"$PWD/out/wheel\"; then "
                    + "/usr/bin/python3 -m zipfile -e out/wheel/foregsyte-*.whl out/site; "
                    + $"PYTHONPATH=out/site /usr/bin/python3 '{file}'; "
                    + "elif [ $? = 2 ]; then echo 'not run: the Python packages are missing'; else exit 1; fi");
            }
            else if (block.Language == "csharp" && !block.Text.Contains(NewClient, StringComparison.Ordinal))
            {
                lines.Add($"echo '== README.md:{block.Line} csharp: not run: no program; Packages.Tests compiles it'");
            }
            else if (block.Language == "csharp")
            {
                lines.Add($"echo '== README.md:{block.Line} csharp'");
                lines.Add(ProgramLines(block, services, checkout));
            }
        }

        return string.Join('\n', lines) + "\n";
    }

    private static IEnumerable<string> ShellLines(CodeBlock block, string command, Installation services)
    {
        if (NotRun.GetValueOrDefault(command.Split('#')[0].Trim()) is { } reason)
        {
            return [$"echo '== README.md:{block.Line} {command.Split('#')[0].Trim()}: not run: {reason}'"];
        }

        return [$"echo '== README.md:{block.Line}'", WithAddresses(command, services)];
    }

    /// <summary>Builds the block as a program against the built client, and runs it.</summary>
    private static string ProgramLines(CodeBlock block, Installation services, TemporaryFolder checkout)
    {
        var folder = Directory.CreateDirectory(checkout.File($"readme-{block.Line}")).FullName;
        var client = Path.Combine(RepositoryFiles.Root, "src", "Client", "Sdk", "ForegSyte.Client.csproj");
        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), "<Project />");
        File.WriteAllText(Path.Combine(folder, "Directory.Packages.props"), "<Project />");
        File.WriteAllText(
            Path.Combine(folder, "Readme.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <ProjectReference Include="{client}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(
            Path.Combine(folder, "Program.cs"),
            block.Text.Replace(
                NewClient,
                $$"""new ForegSyteClient(new() { Address = new Uri("{{services.JobAddress}}") })""",
                StringComparison.Ordinal) + "\n");
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var build = $"NUGET_PACKAGES=$REAL_NUGET_PACKAGES dotnet build '{folder}/Readme.csproj' -c {configuration} "
            + "-v quiet --nologo -tl:off -nodeReuse:false -p:UseSharedCompilation=false "
            + "-p:BuildProjectReferences=false";
        return $"{build}\ndotnet '{folder}/bin/{configuration}/net10.0/Readme.dll'";
    }

    private static string WithAddresses(string text, Installation services) => text
        .Replace("127.0.0.1:5200", services.JobAddress.Authority, StringComparison.Ordinal)
        .Replace("localhost:5200", services.JobAddress.Authority, StringComparison.Ordinal)
        .Replace("127.0.0.1:5202", services.HttpAddress.Authority, StringComparison.Ordinal)
        .Replace("localhost:5202", services.HttpAddress.Authority, StringComparison.Ordinal);
}

/// <summary>A fenced code block of a Markdown document.</summary>
/// <param name="Language">The word after the fence; empty if there is none.</param>
/// <param name="Line">Line of its first line, from 1.</param>
/// <param name="Text">Its lines.</param>
/// <param name="NotRun">Reason of the comment "not run" above the block; null without one.</param>
internal sealed record CodeBlock(string Language, int Line, string Text, string? NotRun)
{
    private const string Prompt = "$ ";

    /// <summary>
    /// The commands with their continuation lines: the lines with a prompt of a console block, all lines but comments
    /// of any other.
    /// </summary>
    public IReadOnlyList<string> Commands()
    {
        var commands = new List<string>();
        var lines = Text.Split('\n');
        for (var index = 0; index < lines.Length; index++)
        {
            var line = lines[index];
            if (Language == "console" && !line.StartsWith(Prompt, StringComparison.Ordinal))
            {
                continue;
            }

            var command = Language == "console" ? line[Prompt.Length..] : line;
            if (command.Trim().Length == 0 || command.StartsWith('#'))
            {
                continue;
            }

            while (IsUnfinished(command) && index + 1 < lines.Length)
            {
                command += "\n" + lines[++index];
            }

            commands.Add(command);
        }

        return commands;
    }

    /// <summary>Whether a shell would wait for more: within quotes or braces, after a backslash or a pipe.</summary>
    private static bool IsUnfinished(string command) =>
        command.EndsWith('\\') || command.EndsWith('|')
        || command.Count(letter => letter == '\'') % 2 == 1
        || command.Count(letter => letter == '{') > command.Count(letter => letter == '}');
}

/// <summary>Reads the code blocks of a Markdown document.</summary>
internal static class MarkdownCode
{
    private const string Fence = "```";
    private const string NotRunStart = "<!-- not run: ";

    /// <summary>The blocks in order.</summary>
    /// <exception cref="FormatException">A block has no end.</exception>
    public static IReadOnlyList<CodeBlock> Parse(string markdown)
    {
        var blocks = new List<CodeBlock>();
        var lines = markdown.ReplaceLineEndings("\n").Split('\n');
        for (var index = 0; index < lines.Length; index++)
        {
            var start = lines[index].TrimStart();
            if (!start.StartsWith(Fence, StringComparison.Ordinal))
            {
                continue;
            }

            var indent = lines[index].Length - start.Length;
            var end = Array.FindIndex(lines, index + 1, line => line.Trim() == Fence);
            if (end < 0)
            {
                throw new FormatException($"The code block in line {index + 1} has no end.");
            }

            var text = lines[(index + 1)..end].Select(line => line.Length > indent ? line[indent..] : line.TrimStart());
            blocks.Add(new CodeBlock(
                start[Fence.Length..].Trim(), index + 2, string.Join('\n', text),
                index > 0 ? ReasonIn(lines[index - 1]) : null));
            index = end;
        }

        return blocks;
    }

    private static string? ReasonIn(string line) =>
        line.Trim() is var comment && comment.StartsWith(NotRunStart, StringComparison.Ordinal)
            ? comment[NotRunStart.Length..].Replace("-->", "", StringComparison.Ordinal).Trim()
            : null;
}
