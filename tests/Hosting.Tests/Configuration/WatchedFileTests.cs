using System.Text;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Hosting.Tests.Configuration;

public sealed class WatchedFileTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly FakeLogger _log = new();

    private string Path => _folder.File("watched");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Change_UnchangedForTwoPolls_Applies()
    {
        Write("one");
        using var file = Open();
        Assert.Equal("one", file.Current);

        Write("two");
        _time.Advance(Interval);
        Assert.Equal("one", file.Current);
        _time.Advance(Interval);

        Assert.Equal("two", file.Current);
        Assert.Equal(LogLevel.Information, Assert.Single(_log.Collector.GetSnapshot()).Level);
    }

    [Fact]
    public void Change_StillBeingWritten_DoesNotApply()
    {
        Write("one");
        using var file = Open();
        foreach (var half in new[] { "t", "tw", "two" })
        {
            Write(half);
            _time.Advance(Interval);
            Assert.Equal("one", file.Current);
        }

        _time.Advance(Interval);

        Assert.Equal("two", file.Current);
    }

    [Fact]
    public void Change_Invalid_KeepsTheOldContentAndIsLoggedOnce()
    {
        Write("one");
        using var file = Open();

        Write("broken");
        _time.Advance(Interval * 5);
        Assert.Equal("one", file.Current);
        var line = Assert.Single(_log.Collector.GetSnapshot());
        Assert.Equal(LogLevel.Error, line.Level);
        Assert.StartsWith("The setting has an invalid change", line.Message, StringComparison.Ordinal);
        Assert.Contains(Path, line.Message, StringComparison.Ordinal);

        Write("three");
        _time.Advance(Interval * 2);
        Assert.Equal("three", file.Current);
    }

    [Fact]
    public void File_Deleted_KeepsTheOldContentAndIsLoggedOnce_UntilItReturns()
    {
        Write("one");
        using var file = Open();

        File.Delete(Path);
        _time.Advance(Interval * 5);
        Assert.Equal("one", file.Current);
        Assert.Equal(LogLevel.Error, Assert.Single(_log.Collector.GetSnapshot()).Level);

        Write("two");
        _time.Advance(Interval * 2);
        Assert.Equal("two", file.Current);
    }

    [Fact]
    public void Link_ToAnotherFolder_IsAChange()
    {
        // Kubernetes replaces a secret by changing the folder that a link points to.
        foreach (var (folder, text) in new[] { ("old", "one"), ("new", "two") })
        {
            Directory.CreateDirectory(_folder.File(folder));
            File.WriteAllText(_folder.File(folder, "key"), text);
        }

        Directory.CreateSymbolicLink(_folder.File("data"), _folder.File("old"));
        File.CreateSymbolicLink(Path, System.IO.Path.Combine("data", "key"));
        using var file = Open();

        File.Delete(_folder.File("data"));
        Directory.CreateSymbolicLink(_folder.File("data"), _folder.File("new"));
        _time.Advance(Interval * 2);

        Assert.Equal("two", file.Current);
    }

    [Fact]
    public void Open_InvalidOrMissing_IsRefusedWithItsSetting()
    {
        Write("broken");
        var broken = Assert.Throws<InvalidFileException>(Open);
        File.Delete(Path);
        var missing = Assert.Throws<InvalidFileException>(Open);

        Assert.Contains($"The setting ({Path}): It is broken.", broken.Message, StringComparison.Ordinal);
        Assert.Contains($"The setting ({Path}): Could not find", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Change_SecretThatOthersCanRead_KeepsTheOldContentAndIsLogged()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        _folder.WriteSecret("watched", "one");
        using var file = Open(isSecret: true);

        Write("two");
        FileModes.Set(Path, "644");
        _time.Advance(Interval * 2);

        Assert.Equal("one", file.Current);
        Assert.Contains(
            "chmod 600", Assert.Single(_log.Collector.GetSnapshot()).Message, StringComparison.Ordinal);
        _folder.WriteSecret("watched", "two");
        _time.Advance(Interval * 2);
        Assert.Equal("two", file.Current);
    }

    private WatchedFile<string> Open() => Open(isSecret: false);

    private WatchedFile<string> Open(bool isSecret) => new(
        "The setting", [Path],
        contents => Encoding.UTF8.GetString(contents[0]) is "broken"
            ? throw new FormatException("It is broken.")
            : Encoding.UTF8.GetString(contents[0]),
        Interval, _time, _log, isSecret ? Path : null);

    private void Write(string text) => File.WriteAllText(Path, text);
}
