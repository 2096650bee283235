using System.Net;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.Web.Tests.Browsing;

namespace ForegSyte.Web.Tests;

/// <summary>Two JobServices over one database in PostgreSQL open the cookies of each other.</summary>
public sealed partial class SharedKeysTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_ThatStartTogether_ShareTheirSessions()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        await using var ceph = await CephServer.StartOrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        var bucket = ceph.Settings(await ceph.CreateBucketAsync());
        using var folder = new TemporaryFolder();
        var key = NewApiKey.Make("north", "north", ["read"], expiresAt: null);
        AccessSetup.WriteKeys(folder.File("keys.json"), [key]);
        await using var one = Node("node-1");
        await using var other = Node("node-2");
        await Task.WhenAll(one.StartJobServiceAsync(), other.StartJobServiceAsync());

        // A browser sends a cookie to every port of a host.
        using var handler = new HttpClientHandler();
        using var browser = new HttpClient(handler);
        var form = await browser.GetStringAsync(new Uri(one.HttpAddress, "/web/sign-in"), Token);
        using var filled = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["credential"] = key.Key.Reveal(),
            ["return"] = "/web/jobs",
            ["__RequestVerificationToken"] = FormToken().Match(form).Groups["token"].Value,
        });
        using var signedIn = await browser.PostAsync(new Uri(one.HttpAddress, "/web/sign-in"), filled, Token);
        Assert.Equal("/web/jobs", signedIn.RequestMessage!.RequestUri!.AbsolutePath);
        using var jobs = await browser.GetAsync(new Uri(other.HttpAddress, "/v1/jobs"), Token);

        Assert.Equal(HttpStatusCode.OK, jobs.StatusCode);
        Assert.Equal(["1"], await server.QueryAsync("SELECT count(*) FROM web_keys", database));
        Assert.False(Directory.Exists(Path.Combine(one.Data, "web_keys")), "The keys are also in a folder.");

        Installation Node(string name) => new(WebSettings.With(
        [
            ("Store", "PostgreSql"), ("PostgreSql:ConnectionString", database), ("Node:Name", name),
            ("Security:ApiKeysFile", folder.File("keys.json")), .. bucket.Select(pair => (pair.Key, pair.Value)),
        ]));
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"(?<token>[^\"]+)\"")]
    private static partial Regex FormToken();
}
