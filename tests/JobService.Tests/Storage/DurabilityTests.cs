using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Jobs.Admin;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Uploads;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>
/// The order of system calls that makes files durable: write, sync of the bytes, rename or link, sync of the folder,
/// and only then the caller's next step. A power loss cannot be tried, so strace records another process.
/// </summary>
public sealed partial class DurabilityTests : IAsyncLifetime
{
    private const string FolderVariable = "FOREGSYTE_TEST_DURABLE_FOLDER";
    private const string Hash = "5555555555555555555555555555555555555555555555555555555555555555";

    private static readonly string[] Batch = [.. Enumerable.Range(0, 64).Select(i => $"batch-{i}.mp4")];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Trace => _folder.File("trace");

    private string Root => _folder.File("data", "video_jobs");

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is not null)
        {
            // A traced process cannot trace.
            return;
        }

        var strace = await Cli.Wrap("sh").WithArguments(["-c", "strace -f -o /dev/null true"])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(Cancellation);
        Assert.SkipUnless(
            strace.ExitCode == 0, "strace cannot trace here (eng/setup.sh --test): " + strace.StandardError);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task EveryDurableFile_IsSyncedBeforeItsNameAndItsNameBeforeTheCallReturns()
    {
        await RunAsync(
            nameof(WriteEveryDurableFile),
            "-e", "trace=openat,write,pwrite64,writev,pwritev,ftruncate,copy_file_range,sendfile,ioctl,fsync,fdatasync,"
            + "syncfs,rename,renameat,renameat2,link,linkat");

        var calls = TracedCall.Parse(await File.ReadAllLinesAsync(Trace, Cancellation));
        string[] artifacts =
            ["one.mp4", "large.mp4", "first.mp4", "second.mp4", "adopted.mp4", ".generation", .. Batch];
        (string Path, string Acknowledgement)[] files =
        [
            .. artifacts.Select(key => (Path.Combine(Root, key), key)),
            (_folder.File("backup", "foregsyte.duckdb"), "backup"),
            (_folder.File("backup", "manifest.json"), "backup"),
            (_folder.File("data", "foregsyte.duckdb"), "restore"),
        ];
        Assert.All(files, file => AssertDurable(calls, file.Path, file.Acknowledgement));
    }

    [Fact]
    public async Task Commit_BytesCannotBeSynced_FailsAndGivesNoName()
    {
        await RunAsync(
            nameof(CommitWithoutSync), "-e", "trace=fsync,syncfs", "-e", "inject=fsync,syncfs:error=EIO");

        Assert.Equal(["IOException"], Directory.GetFiles(_folder.File("done")).Select(path => Path.GetFileName(path)));
        Assert.Empty(Directory.GetFiles(Root, "*.mp4"));
    }

    [Fact]
    public async Task JournalOfAnUpload_RewrittenAfterAnotherBoot_IsSyncedBeforeItReplacesTheOld()
    {
        await RunAsync(nameof(RewriteJournalOfAnUpload), "-e", "trace=pwrite64,fsync,rename,renameat,renameat2");

        var calls = TracedCall.Parse(await File.ReadAllLinesAsync(Trace, Cancellation));
        var replaced = calls.Find(call => call.Target?.EndsWith(".journal", StringComparison.Ordinal) == true);
        Assert.True(replaced is not null, "The trace has no rename to the journal of the upload.");
        var written = calls.FindLast(call =>
            call.IsWrite && call.Path == replaced.Path && call.End < replaced.Start);
        Assert.True(written is not null, "The trace has no write of the journal before it replaces the old one.");
        Assert.True(
            calls.Exists(call => call.IsSync && call.Path == replaced.Path
                && call.Start > written.End && call.End < replaced.Start),
            "The journal of an upload replaces the old one before its bytes are synced.");
    }

    /// <summary>The traced process of the first test.</summary>
    [Fact(Explicit = true)]
    public async Task WriteEveryDurableFile()
    {
        var folder = TracedFolder();
        var root = Path.Combine(folder, "data", "video_jobs");
        await using (var storage = new LocalStorage(Options.Create(new StorageOptions { Root = root })))
        {
            await PutAsync(storage, "one.mp4", 100);
            Acknowledge(folder, "one.mp4");
            await PutAsync(storage, "large.mp4", 9 << 20);
            Acknowledge(folder, "large.mp4");
            await Task.WhenAll(Batch.Select(async key =>
            {
                await PutAsync(storage, key, 100);
                Acknowledge(folder, key);
            }));
            await PutAsync(storage, "first.mp4", 100, Hash);
            Acknowledge(folder, "first.mp4");
            await PutAsync(storage, "second.mp4", 100, Hash);
            Acknowledge(folder, "second.mp4");
            await File.WriteAllTextAsync(Path.Combine(root, "upload"), "an upload", Cancellation);
            await using (var adopted = (await storage.TryAdoptAsync(
                Path.Combine(root, "upload"), "adopted.mp4", Cancellation))!)
            {
                await adopted.CommitAsync(Cancellation);
            }

            Acknowledge(folder, "adopted.mp4");
            await storage.WriteGenerationAsync(new StoreGeneration(Guid.NewGuid(), 1), Cancellation);
            Acknowledge(folder, ".generation");
        }

        await using (var database = new DatabaseFixture(Path.Combine(folder, "data", "foregsyte.duckdb")))
        {
            await database.Store.InsertAsync(TestJobs.Full(), Cancellation);
        }

        await RunAdminAsync(folder, "backup", "--to", Path.Combine(folder, "backup"));
        Acknowledge(folder, "backup");
        await RunAdminAsync(folder, "restore", "--from", Path.Combine(folder, "backup"));
        Acknowledge(folder, "restore");
    }

    /// <summary>The traced process of the test with an upload.</summary>
    [Fact(Explicit = true)]
    public async Task RewriteJournalOfAnUpload()
    {
        TracedFolder();
        var time = new FakeTimeProvider(TestJobs.Noon);
        OpenUpload before;
        await using (var uploads = new UploadHarness(_folder, time))
        {
            before = uploads.Store.Create(sizeBytes: 100, sha256: null, requestId: null);
            await uploads.WriteAsync(before, 0, new byte[100]);
            uploads.PretendAnotherBoot(before);
        }

        await using var next = new UploadHarness(_folder, time);
        await next.RecoverAsync();
        Assert.Equal([new Extent(0, 100)], (await next.FindAsync(before)).StatusOf(next.Limits).Extents);
    }

    /// <summary>The traced process of the second test, in which every sync fails.</summary>
    [Fact(Explicit = true)]
    public async Task CommitWithoutSync()
    {
        var folder = TracedFolder();
        await using var storage = new LocalStorage(
            Options.Create(new StorageOptions { Root = Path.Combine(folder, "data", "video_jobs") }));
        foreach (var count in (int[])[1, 64])
        {
            var commits = Enumerable.Range(0, count).Select(i => PutAsync(storage, $"{count}-{i}.mp4", 100)).ToList();
            foreach (var commit in commits)
            {
                var failure = await Record.ExceptionAsync(() => commit);
                Acknowledge(folder, failure?.GetType().Name ?? "no failure");
            }
        }
    }

    private static string TracedFolder()
    {
        var folder = Environment.GetEnvironmentVariable(FolderVariable);
        Assert.SkipWhen(folder is null, "This is the other process of a test.");
        Directory.CreateDirectory(Path.Combine(folder, "done"));
        return folder;
    }

    private static async Task PutAsync(LocalStorage storage, string key, int bytes, string? sha256 = null)
    {
        await using var staged = await storage.StageAsync(key, Cancellation);
        await staged.Stream.WriteAsync(new byte[bytes], Cancellation);
        await (sha256 is null
            ? staged.CommitAsync(Cancellation)
            : staged.CommitSharedAsync(sha256, Cancellation));
    }

    private static async Task RunAdminAsync(string folder, params string[] arguments)
    {
        using var output = new StringWriter();
        var code = await AdminCommandLine.RunAsync(
            [.. arguments, $"--DataDirectory={Path.Combine(folder, "data")}"], output, output,
            _ => Task.CompletedTask, Cancellation);
        Assert.True(code == 0, $"{arguments[0]} returned {code}: {output}");
    }

    /// <summary>Opens a file, which marks in the trace that the call returned.</summary>
    private static void Acknowledge(string folder, string name) =>
        File.Open(Path.Combine(folder, "done", name), FileMode.OpenOrCreate).Dispose();

    private async Task RunAsync(string method, params string[] strace)
    {
        var run = await Cli.Wrap("strace")
            .WithArguments([
                "-f", "-y", "-qq", "-s", "0", "--seccomp-bpf", "-o", Trace, .. strace, Environment.ProcessPath!,
                "-explicit", "only", "-method", $"{typeof(DurabilityTests).FullName}.{method}",
            ])
            .WithEnvironmentVariables(variables => variables.Set(FolderVariable, _folder.Path))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(Cancellation);
        Assert.True(run.ExitCode == 0, $"The traced process failed: {run.StandardOutput}{run.StandardError}");
    }

    private void AssertDurable(IReadOnlyList<TracedCall> calls, string path, string acknowledgement)
    {
        var done = _folder.File("done", acknowledgement);
        var acknowledged = calls.FirstOrDefault(call => call is { Name: "openat" } && call.Path == done);
        Assert.True(acknowledged is not null, $"The trace has no acknowledgement {done}.");
        var before = calls.Where(call => call.End < acknowledged.Start).ToList();

        // The last rename or link to the path, or, without one, the file as it was created.
        var named = before.LastOrDefault(call => call.IsNaming && call.Target == path);
        var (names, from) = ((HashSet<string>)[path], named?.Start ?? int.MaxValue);
        foreach (var call in before.Where(call => call.IsNaming && call.Start <= from).Reverse())
        {
            // All names that the file had until then: equal files share it.
            if (names.Contains(call.Target!) && call.Start <= from)
            {
                names.Add(call.Path);
            }
        }

        var written = before.LastOrDefault(call =>
            call.IsWrite && names.Contains(call.Path) && (named is null || call.Start < named.Start));
        Assert.True(written is not null, $"The trace has no write of {path} before it is acknowledged.");
        var synced = before.FirstOrDefault(call =>
            call.Start > written.End
            && (call.Name == "syncfs" || (call.IsSync && names.Contains(call.Path))));
        Assert.True(synced is not null, $"The bytes of {path} are not synced before the call returns.");
        Assert.True(
            named is null || synced.End < named.Start, $"{path} gets its name before its bytes are synced.");
        var folder = Path.GetDirectoryName(path)!;
        var lastName = named?.End ?? before.Last(call => call.Name == "openat" && call.Path == path).Start;
        Assert.True(
            before.Any(call => call.IsSync && call.Path == folder && call.Start > lastName),
            $"The folder of {path} is not synced between its name and the end of the call.");
    }

    /// <summary>A system call; Start and End are the lines of the trace with its beginning and its return.</summary>
    private sealed partial record TracedCall(string Name, string Path, string? Target, int Start, int End)
    {
        public bool IsSync => Name is "fsync" or "fdatasync";

        public bool IsNaming => Target is not null;

        public bool IsWrite => Name is "write" or "pwrite64" or "writev" or "pwritev" or "ftruncate"
            or "copy_file_range" or "sendfile" or "ioctl";

        public static List<TracedCall> Parse(string[] lines)
        {
            var calls = new List<TracedCall>();
            var open = new Dictionary<string, (string Text, int Line)>();
            for (var line = 0; line < lines.Length; line++)
            {
                var (thread, rest) =
                    lines[line].Split(' ', 2, StringSplitOptions.RemoveEmptyEntries) is [var id, var text]
                        ? (id, text.TrimStart())
                        : ("", "");
                if (rest.EndsWith("<unfinished ...>", StringComparison.Ordinal))
                {
                    open[thread] = (rest[..^"<unfinished ...>".Length], line);
                }
                else if (Resumed().Match(rest) is { Success: true } resumed && open.Remove(thread, out var begun))
                {
                    Add(begun.Text + rest[resumed.Length..], begun.Line, line);
                }
                else
                {
                    Add(rest, line, line);
                }
            }

            return calls;

            void Add(string text, int start, int end)
            {
                if (!Successful().IsMatch(text))
                {
                    return;
                }

                var name = text[..text.IndexOf('(', StringComparison.Ordinal)];
                var quoted = Quoted().Matches(text).Select(match => match.Groups[1].Value).ToList();
                var handles = Handle().Matches(text[..text.LastIndexOf(')')])
                    .Select(match => match.Groups[1].Value)
                    .ToList();
                var (path, target) = name switch
                {
                    "rename" or "renameat" or "renameat2" or "link" or "linkat" => (quoted[0], quoted[^1]),
                    "openat" => (quoted.FirstOrDefault() ?? "", null),
                    "copy_file_range" => (handles.LastOrDefault() ?? "", null),
                    _ => (handles.FirstOrDefault() ?? "", (string?)null),
                };
                calls.Add(new TracedCall(name, path, target, start, end));
            }
        }

        [GeneratedRegex(@"^<\.\.\. \w+ resumed>")]
        private static partial Regex Resumed();

        [GeneratedRegex(@"\) += \d")]
        private static partial Regex Successful();

        [GeneratedRegex("\"((?:[^\"\\\\]|\\\\.)*)\"")]
        private static partial Regex Quoted();

        [GeneratedRegex(@"\d+<([^>]*)>")]
        private static partial Regex Handle();
    }
}
