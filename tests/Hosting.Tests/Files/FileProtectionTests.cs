using ForegSyte.Hosting.Files;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Files;

public sealed class FileProtectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Modes of a secret of the service's own user, and of one that root or another user owns.</summary>
    [Theory]
    [InlineData("0600", true, true)]
    [InlineData("0400", true, true)]
    [InlineData("0440", false, true)]
    [InlineData("0640", false, true)]
    [InlineData("0660", false, false)]
    [InlineData("0604", false, false)]
    [InlineData("0444", false, false)]
    [InlineData("0644", false, false)]
    public void ForbiddenFor_Secret_FollowsItsOwner(string mode, bool own, bool ofAnother)
    {
        var bits = FileModes.Parse(mode);

        Assert.Equal(own, (bits & FileProtection.ForbiddenFor(isSecret: true, isOfAnotherUser: false)) == 0);
        Assert.Equal(ofAnother, (bits & FileProtection.ForbiddenFor(isSecret: true, isOfAnotherUser: true)) == 0);
    }

    /// <summary>As Kubernetes mounts a secret: links to a folder that changes as a whole, files root:GROUP 0440.
    /// </summary>
    [Fact]
    public void Require_SecretBehindLinks_IsTheFileThatTheyLeadTo()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        Directory.CreateDirectory(_folder.File("..2026"));
        _folder.WriteSecret(Path.Combine("..2026", "tls.key"), "secret");
        Directory.CreateSymbolicLink(_folder.File("..data"), "..2026");
        File.CreateSymbolicLink(_folder.File("tls.key"), Path.Combine("..data", "tls.key"));

        FileProtection.Require(_folder.File("tls.key"), isSecret: true);
        FileModes.Set(_folder.File("..2026", "tls.key"), "644");

        Assert.Throws<FormatException>(() => FileProtection.Require(_folder.File("tls.key"), isSecret: true));
        FileProtection.Require(_folder.File("tls.key"), isSecret: false);
    }

    [Theory]
    [InlineData(DataAccess.Owner, "0755", "0700")]
    [InlineData(DataAccess.Group, "0755", "0750")]
    [InlineData(DataAccess.Group, "2775", "2750")]
    [InlineData(DataAccess.Owner, "0500", "0500")]
    public void ApplyTo_ExistingFolder_LosesTheAccessOfOthers_AndTheLogTells(
        DataAccess access, string before, string after)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        var log = new FakeLogger<DataFileAccess>();
        var data = _folder.File("data");
        Directory.CreateDirectory(data);
        FileModes.Set(data, before);

        new DataFileAccess(Options.Create(new DataAccessOptions { Access = access }), log).ApplyTo(
            [data, _folder.File("missing")]);

        Assert.Equal(FileModes.Parse(after), FileModes.Of(data));
        Assert.Equal(before == after ? 0 : 1, log.Collector.Count);
    }

    [Fact]
    public void ApplyTo_FolderClosedToTheGroup_SaysHowToOpenIt()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        var log = new FakeLogger<DataFileAccess>();
        var data = _folder.File("data");
        Directory.CreateDirectory(data);
        FileModes.Set(data, "0700");

        new DataFileAccess(Options.Create(new DataAccessOptions { Access = DataAccess.Group }), log).ApplyTo([data]);

        Assert.Contains($"chmod -R g+rX {data}", log.LatestRecord.Message, StringComparison.Ordinal);
        Assert.Equal(FileModes.Parse("0700"), FileModes.Of(data));
    }
}
