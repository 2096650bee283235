using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Testing;

namespace ForegSyte.Hosting.Tests.Security;

public sealed class ApiKeyFileEditorTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _folder = new();
    private readonly ApiKeyFileEditor _editor;

    public ApiKeyFileEditorTests() => _editor = new ApiKeyFileEditor(Path);

    private string Path => _folder.File("keys.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Add_Keys_AreListedInTheirOrderAndAccepted()
    {
        Assert.Empty(_editor.List());
        var first = NewApiKey.Make("b", "acme", ["submit", "read"], Noon);
        var second = NewApiKey.Make("a", "other", ["admin"], expiresAt: null);

        _editor.Add(first);
        _editor.Add(second);

        Assert.Equal(
            [("b", "acme", "submit read", Noon), ("a", "other", "admin", null)],
            _editor.List().Select(key =>
                (key.Id, key.Tenant, string.Join(' ', key.Permissions), key.ExpiresAt)));
        var keys = ApiKeyFile.Parse(File.ReadAllBytes(Path));
        Assert.Equal("key:b", keys.Identify(first.Key, Noon.AddDays(-1)).Id);
        Assert.Equal("key:a", keys.Identify(second.Key, Noon).Id);
        Assert.Equal((byte)'\n', File.ReadAllBytes(Path)[^1]);
        Assert.Equal([Path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Add_KnownId_IsRefusedAndChangesNothing()
    {
        var first = Added("a");

        var failure = Assert.Throws<FormatException>(() => _editor.Add(NewApiKey.Make("a", "x", ["read"], null)));

        Assert.Contains("has a key a", failure.Message, StringComparison.Ordinal);
        Assert.Equal("acme", Assert.Single(_editor.List()).Tenant);
        Assert.Equal("key:a", ApiKeyFile.Parse(File.ReadAllBytes(Path)).Identify(first.Key, Noon).Id);
    }

    [Fact]
    public void Revoke_OneOfSeveralKeys_LeavesTheOthers()
    {
        var (first, second) = (Added("a"), Added("b"));

        _editor.Revoke("a");

        Assert.Equal("b", Assert.Single(_editor.List()).Id);
        var keys = ApiKeyFile.Parse(File.ReadAllBytes(Path));
        Assert.Throws<CredentialException>(() => keys.Identify(first.Key, Noon));
        Assert.Equal("key:b", keys.Identify(second.Key, Noon).Id);
        _editor.Revoke("b");
        Assert.Empty(_editor.List());
    }

    [Fact]
    public void Revoke_UnknownId_IsRefusedWithTheKnownOnes()
    {
        Assert.Contains(
            "It has no keys", Assert.Throws<FormatException>(() => _editor.Revoke("a")).Message,
            StringComparison.Ordinal);
        Added("b");
        Added("c");

        var failure = Assert.Throws<FormatException>(() => _editor.Revoke("a"));

        Assert.Contains("b, c", failure.Message, StringComparison.Ordinal);
        Assert.Equal(2, _editor.List().Count);
    }

    [Fact]
    public void Add_NewFile_IsForItsOwnerAlone_AndAnExistingOneKeepsItsMode()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        Added("a");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(Path).UnixFileMode);

        var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path, mode);
        }

        Added("b");

        Assert.Equal(mode, new FileInfo(Path).UnixFileMode);
    }

    [Fact]
    public void Add_LinkedFile_ReplacesTheFileAndKeepsTheLink()
    {
        Directory.CreateDirectory(_folder.File("real"));
        var target = System.IO.Path.Combine(_folder.File("real"), "keys.json");
        AccessSetup.WriteKeys(target, [NewApiKey.Make("a", "acme", ["read"], null)]);
        File.CreateSymbolicLink(Path, target);

        Added("b");

        Assert.Equal(target, new FileInfo(Path).LinkTarget);
        Assert.Equal(["a", "b"], new ApiKeyFileEditor(target).List().Select(key => key.Id));
    }

    [Theory]
    [InlineData("{\"keys\": [null]}")]
    [InlineData("{\"keys\": [{\"id\": null}]}")]
    [InlineData("{\"keys\": [{\"id\": \"a\", \"tenant\": \"t\", \"permissions\": [\"read\"], \"hash\": null}]}")]
    [InlineData("{\"keys\": [{\"id\": \"a\", \"tenant\": null, \"permissions\": [\"read\"], \"hash\": \"HASH\"}]}")]
    [InlineData("{\"keys\": [{\"id\": \"a\", \"tenant\": \"t\", \"permissions\": null, \"hash\": \"HASH\"}]}")]
    [InlineData("{\"keys\": [{\"id\": \"a\", \"tenant\": \"t\", \"permissions\": [null], \"hash\": \"HASH\"}]}")]
    public void List_NullInTheFile_IsRefusedAsInvalid(string file)
    {
        File.WriteAllText(
            Path, file.Replace("HASH", ApiKeyHash.Of("x").ToString(), StringComparison.Ordinal));

        Assert.Throws<FormatException>(_editor.List);
    }

    private NewApiKey Added(string id)
    {
        var key = NewApiKey.Make(id, "acme", ["read"], expiresAt: null);
        _editor.Add(key);
        return key;
    }
}
