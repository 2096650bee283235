using System.Globalization;
using ForegSyte.Jobs.Storage;
using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class FileCommitterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public FileCommitterTests() => _path = Directory.CreateDirectory(_folder.File("files")).FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(200)]
    public async Task CommitAsync_FilesAtTheSameTime_AreAllThereWithTheirBytes(int count)
    {
        await using var commits = new FileCommitter(_path);
        var names = Enumerable.Range(0, count).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToList();

        await Task.WhenAll(names.Select(name => CommitAsync(commits, name, name)));

        Assert.Equal(names.Order(), Directory.GetFiles(_path).Select(path => Path.GetFileName(path)!).Order());
        Assert.All(names, name => Assert.Equal(name, File.ReadAllText(Path.Combine(_path, name))));
    }

    [Fact]
    public async Task CommitAsync_LargeFile_IsThereToo()
    {
        await using var commits = new FileCommitter(_path);
        var text = new string('x', 9 << 20);

        await Task.WhenAll(CommitAsync(commits, "large", text), CommitAsync(commits, "small", "y"));

        Assert.Equal(text.Length, new FileInfo(Path.Combine(_path, "large")).Length);
        Assert.Equal("y", File.ReadAllText(Path.Combine(_path, "small")));
    }

    [Fact]
    public async Task CommitAsync_OneCannotBeMoved_FailsAlone()
    {
        await using var commits = new FileCommitter(_path);
        Directory.CreateDirectory(Path.Combine(_path, "taken"));

        var bad = CommitAsync(commits, "taken", "x");
        var good = Enumerable.Range(0, 20)
            .Select(i => CommitAsync(commits, i.ToString(CultureInfo.InvariantCulture), "y"))
            .ToList();

        await Task.WhenAll(good);
        await Assert.ThrowsAnyAsync<Exception>(() => bad);
        Assert.Equal(20, Directory.GetFiles(_path).Count(path => !Path.GetFileName(path).StartsWith('.')));
    }

    [Fact]
    public async Task CommitAsync_FolderIsGone_IsReported()
    {
        await using var commits = new FileCommitter(_folder.File("nowhere"));

        await Assert.ThrowsAnyAsync<IOException>(() => CommitAsync(commits, "a", "x"));
    }

    [Fact]
    public async Task Dispose_CommitsWhatWaits()
    {
        List<Task> waiting;
        await using (var commits = new FileCommitter(_path))
        {
            waiting = [.. Enumerable.Range(0, 50)
                .Select(i => CommitAsync(commits, i.ToString(CultureInfo.InvariantCulture), "z"))];
        }

        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
        Assert.Equal(50, Directory.GetFiles(_path).Length);
    }

    [Fact]
    public async Task Dispose_Twice_IsLikeOnce()
    {
        var commits = new FileCommitter(_path);

        await commits.DisposeAsync();
        await commits.DisposeAsync();
    }

    private Task CommitAsync(FileCommitter commits, string name, string text)
    {
        var temporary = Path.Combine(_path, $".{name}.tmp");
        var file = new FileStream(
            Directory.Exists(_path) ? temporary : _folder.File(name), FileMode.CreateNew, FileAccess.ReadWrite,
            FileShare.Read, bufferSize: 0);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text));
        return FinishAsync();

        async Task FinishAsync()
        {
            await using (file)
            {
                await commits.CommitAsync(new FileCommit(file, temporary, Path.Combine(_path, name)));
            }
        }
    }
}
