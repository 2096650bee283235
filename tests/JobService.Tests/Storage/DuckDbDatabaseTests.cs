using System.Diagnostics;
using System.IO.Pipes;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Storage;
using ForegSyte.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class DuckDbDatabaseTests : IDisposable
{
    private const string HolderPath = "FOREGSYTE_TEST_HOLD_DATABASE";
    private const string HolderPipe = "FOREGSYTE_TEST_HOLD_PIPE";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Open_WhileAnotherProcessHasTheFile_SaysSo()
    {
        var path = _folder.File("jobs.duckdb");
        var pipeName = Guid.NewGuid().ToString("N");
        await using var pipe = new NamedPipeServerStream(pipeName);
        using var holder = Process.Start(new ProcessStartInfo
        {
            FileName = Environment.ProcessPath!,
            ArgumentList =
            {
                "-explicit", "only", "-method",
                $"{typeof(DuckDbDatabaseTests).FullName}.{nameof(HoldDatabase_UntilThePipeCloses)}",
            },
            Environment = { [HolderPath] = path, [HolderPipe] = pipeName },
            RedirectStandardOutput = true,
        })!;
        try
        {
            await pipe.WaitForConnectionAsync(Cancellation);

            var failure = Assert.Throws<DatabaseInUseException>(() => Open(path));

            Assert.Contains("Another JobService uses", failure.Message, StringComparison.Ordinal);
            Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            await pipe.DisposeAsync();
            await holder.WaitForExitAsync(Cancellation);
        }

        Assert.Equal(0, holder.ExitCode);
        Open(path).Dispose();
    }

    /// <summary>The other process of the test above.</summary>
    [Fact(Explicit = true)]
    public async Task HoldDatabase_UntilThePipeCloses()
    {
        var path = Environment.GetEnvironmentVariable(HolderPath);
        Assert.SkipWhen(path is null, "This is the other process of a test.");
        using var database = Open(path);
        await using var pipe = new NamedPipeClientStream(Environment.GetEnvironmentVariable(HolderPipe)!);
        await pipe.ConnectAsync(Cancellation);
        Assert.Equal(0, await pipe.ReadAsync(new byte[1], Cancellation));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public async Task Open_LogWithAFlippedByte_SetsBothFilesAsideAndRefusesEveryLaterStart(double position)
    {
        // A copy of both open files equals what a crash leaves.
        var (live, crashed) = (_folder.File("live.duckdb"), _folder.File("crashed.duckdb"));
        byte[] log;
        await using (var database = new DatabaseFixture(live))
        {
            for (var i = 0; i < 20; i++)
            {
                await database.Store.InsertAsync(TestJobs.Pending(), Cancellation);
            }

            CopyShared(live, crashed);
            CopyShared(live + ".wal", crashed + ".wal");
        }

        log = await File.ReadAllBytesAsync(crashed + ".wal", Cancellation);
        log[(int)(log.Length * position)] ^= 0x10;
        await File.WriteAllBytesAsync(crashed + ".wal", log, Cancellation);

        var failure = Assert.Throws<DatabaseException>(() => Open(crashed));

        var aside = crashed + ".damaged-20261123T101500Z";
        Assert.Contains(aside, failure.Message, StringComparison.Ordinal);
        Assert.Contains("JobService restore", failure.Message, StringComparison.Ordinal);
        Assert.Equal(log, await File.ReadAllBytesAsync(aside + ".wal", Cancellation));
        Assert.True(File.Exists(aside), $"{aside} does not exist.");
        Assert.False(File.Exists(crashed), $"{crashed} was not moved.");
        Assert.False(File.Exists(crashed + ".wal"), $"{crashed}.wal was not moved.");

        // A supervisor that restarts the service does not get an empty database.
        var again = Assert.Throws<DatabaseException>(() => Open(crashed));
        Assert.Contains(aside, again.Message, StringComparison.Ordinal);
        Assert.Contains("JobService rebuild", again.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(crashed), $"{crashed} was created again.");
    }

    [Fact]
    public async Task Open_AfterACrash_HasEveryJobThatWasAcknowledged()
    {
        var (live, crashed) = (_folder.File("live.duckdb"), _folder.File("crashed.duckdb"));
        var job = TestJobs.Full();
        await using (var database = new DatabaseFixture(live))
        {
            await database.Store.InsertAsync(job, Cancellation);
            CopyShared(live, crashed);
            CopyShared(live + ".wal", crashed + ".wal");
        }

        await using var recovered = new DatabaseFixture(crashed);

        Assert.Equal(TestJobs.Text(job), TestJobs.Text(await recovered.Store.FindAsync(job.JobId, Cancellation)));
    }

    [Fact]
    public void Open_FileThatIsNoDatabase_SaysSoAndKeepsIt()
    {
        var path = _folder.File("jobs.duckdb");
        File.WriteAllText(path, new string('x', 20_000));

        var failure = Assert.Throws<DatabaseException>(() => Open(path));

        Assert.Contains("cannot be opened", failure.Message, StringComparison.Ordinal);
        Assert.Equal(20_000, new FileInfo(path).Length);
    }

    [Fact]
    public void Path_AnySpelling_IsTheSameFile()
    {
        Directory.CreateDirectory(_folder.File("real", "sub"));
        Directory.CreateSymbolicLink(_folder.File("link"), _folder.File("real"));
        Directory.CreateSymbolicLink(_folder.File("real", "up"), "..");
        File.CreateSymbolicLink(_folder.File("real", "alias.duckdb"), "jobs.duckdb");
        var expected = CanonicalPath.Resolve(_folder.File("real", "jobs.duckdb"));

        Assert.All(
            new[]
            {
                _folder.File("link", "jobs.duckdb"),
                _folder.File("link", "sub", "..", ".", "jobs.duckdb"),
                _folder.Path + "//real/./jobs.duckdb",
                _folder.File("real", "up", "link", "jobs.duckdb"),
                _folder.File("link", "alias.duckdb"),
                Path.GetRelativePath(Environment.CurrentDirectory, _folder.File("real", "jobs.duckdb")),
            },
            spelling => Assert.Equal(expected, CanonicalPath.Resolve(spelling)));
    }

    [Fact]
    public void Path_LinksInACircle_AreAnError()
    {
        File.CreateSymbolicLink(_folder.File("a"), "b");
        File.CreateSymbolicLink(_folder.File("b"), "a");

        Assert.Throws<DatabaseException>(() => Open(_folder.File("a", "jobs.duckdb")));
    }

    [Fact]
    public async Task Open_TwoSpellingsOfThePath_IsOneInstance()
    {
        Directory.CreateDirectory(_folder.File("real"));
        Directory.CreateSymbolicLink(_folder.File("link"), _folder.File("real"));
        var job = TestJobs.Pending();
        await using var first = new DatabaseFixture(_folder.File("real", "jobs.duckdb"));
        await using var second = new DatabaseFixture(_folder.File("link", "jobs.duckdb"));

        await first.Store.InsertAsync(job, Cancellation);

        Assert.NotNull(await second.Store.FindAsync(job.JobId, Cancellation));
    }

    private static DuckDbDatabase Open(string path) => new(
        DatabaseFixture.OptionsFor(path),
        new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 10, 15, 0, TimeSpan.Zero)));

    private static void CopyShared(string from, string to)
    {
        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var target = File.Create(to);
        source.CopyTo(target);
    }
}
