using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Testing;

namespace ForegSyte.Web.Tests.Browsing;

/// <summary>Both services with the web page and without callers, as after `make run`.</summary>
public sealed class OpenServices : IAsyncLifetime
{
    public Installation Services { get; } = new(WebSettings.With());

    public Browser Browser { get; } = new();

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        await Browser.InitializeAsync();
        await Services.StartAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        await Services.DisposeAsync();
    }
}

/// <summary>A JobService with API keys and the web page. No InferenceService runs, so jobs stay pending.</summary>
public sealed class SecuredServices : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, NewApiKey> _keys = new()
    {
        ["north"] = NewApiKey.Make("north", "north", ["submit", "read"], expiresAt: null),
        ["south"] = NewApiKey.Make("south", "south", ["submit", "read"], expiresAt: null),
        ["reader"] = NewApiKey.Make("reader", "north", ["read"], expiresAt: null),
        ["admin"] = NewApiKey.Make("admin", "operations", ["admin"], expiresAt: null),
    };

    public SecuredServices()
    {
        WriteKeys(_keys.Values);
        Services = new Installation(WebSettings.With(
            ("Security:ApiKeysFile", KeysFile), ("Security:FilePollInterval", "00:00:00.05")));
    }

    public Installation Services { get; }

    public Browser Browser { get; } = new();

    private string KeysFile => _folder.File("keys.json");

    /// <summary>The key of a caller: north and south submit and read, reader reads, admin may do everything.</summary>
    public string Key(string caller) => _keys[caller].Key.Reveal();

    /// <summary>Adds a key for one test, which it can remove.</summary>
    public string AddKey(string id, string tenant)
    {
        _keys[id] = NewApiKey.Make(id, tenant, ["submit", "read"], expiresAt: null);
        WriteKeys(_keys.Values);
        return Key(id);
    }

    public void RemoveKey(string id)
    {
        _keys.Remove(id);
        WriteKeys(_keys.Values);
    }

    /// <summary>Calls the API with a key in a header, as programs do.</summary>
    public HttpClient Program(string key)
    {
        var client = new HttpClient { BaseAddress = Services.HttpAddress };
        client.DefaultRequestHeaders.Add("x-api-key", key);
        return client;
    }

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        await Browser.InitializeAsync();
        await Services.StartJobServiceAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        await Services.DisposeAsync();
        _folder.Dispose();
    }

    private void WriteKeys(IEnumerable<NewApiKey> keys)
    {
        AccessSetup.WriteKeys(_folder.File("new.json"), keys);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder.File("new.json"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.Move(_folder.File("new.json"), KeysFile, overwrite: true);
    }
}

/// <summary>Tests over one set of open services, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class OpenCollection : ICollectionFixture<OpenServices>
{
    public const string Name = "open services";
}

/// <summary>Tests over one JobService with keys, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SecuredCollection : ICollectionFixture<SecuredServices>
{
    public const string Name = "secured services";
}

/// <summary>Settings of a JobService with the web page.</summary>
internal static class WebSettings
{
    public static Dictionary<string, string> With(params (string Key, string Value)[] more)
    {
        var settings = new Dictionary<string, string> { ["Listen:HttpPort"] = "0", ["Web:Enabled"] = "true" };
        foreach (var (key, value) in more)
        {
            settings[key] = value;
        }

        return settings;
    }
}
