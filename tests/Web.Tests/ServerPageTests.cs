using ForegSyte.Client;
using ForegSyte.V1;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests;

/// <summary>The page of the server, for an admin.</summary>
[Collection(SecuredCollection.Name)]
public sealed class ServerPageTests(SecuredServices web)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Drain_ThenEnd_StopsAndStartsTheJobs()
    {
        await using var client = new ForegSyteClient(new ForegSyteClientOptions
        {
            Address = web.Services.JobAddress,
            Credentials = new ClientCredentials { ApiKey = web.Key("admin") },
        });
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.SignInAsync(web.Key("admin"));
        await viewer.Page.WaitForURLAsync("**/web/jobs");
        await viewer.OpenAsync("/web/server");
        await Assertions.Expect(viewer.At("#drain-state")).ToHaveTextAsync("The server accepts and starts jobs.");
        await Assertions.Expect(viewer.Button("End the drain")).ToBeHiddenAsync();

        await viewer.Button("Drain this server").ClickAsync();
        await viewer.Page.GetByRole(AriaRole.Dialog)
            .GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Drain", Exact = true }).ClickAsync();
        await Assertions.Expect(viewer.At("#drain-state")).ToContainTextAsync("Drained: no job runs");
        await Assertions.Expect(viewer.Button("Drain this server")).ToBeDisabledAsync();
        Assert.Equal(DrainState.Drained, (await client.GetServerInfoAsync(cancellationToken: Token)).DrainState);

        await viewer.Button("End the drain").ClickAsync();
        await Assertions.Expect(viewer.At("#drain-state")).ToHaveTextAsync("The server accepts and starts jobs.");
        await Assertions.Expect(viewer.Button("Drain this server")).ToBeEnabledAsync();
        Assert.Equal(DrainState.NotDraining, (await client.GetServerInfoAsync(cancellationToken: Token)).DrainState);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Limits_AreRounded_AndASearchWithoutAHitSaysSo()
    {
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.SignInAsync(web.Key("north"));
        await viewer.Page.WaitForURLAsync("**/web/jobs");
        await viewer.OpenAsync("/web/server");

        await viewer.At("#find").FillAsync("Submit:MaxInlineBytes");
        await Assertions.Expect(viewer.At("#limits tr").First).ToContainTextAsync("32 MiB");
        await viewer.At("#find").FillAsync("no such limit");
        await Assertions.Expect(viewer.At("#no-limit")).ToBeVisibleAsync();
        await Assertions.Expect(viewer.At("#limits-table")).ToBeHiddenAsync();
        viewer.AssertQuiet();
    }
}
