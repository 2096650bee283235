using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests;

/// <summary>The list of jobs, with jobs that wait because no InferenceService runs.</summary>
[Collection(SecuredCollection.Name)]
public sealed class JobsPageTests(SecuredServices web)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_ShowsWhoWaitsAndWhy()
    {
        await using var client = Client("north");
        await SubmitAsync(client, "waits.mp4");
        await using var viewer = await OpenAsync("north");

        await Assertions.Expect(viewer.Row("waits.mp4").Locator(".status")).ToHaveTextAsync("Pending");
        await Assertions.Expect(viewer.Row("waits.mp4").Locator(".detail"))
            .ToHaveTextAsync("Waits: no InferenceService is serving");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Filters_ByStatusTagAndName_AreInTheAddress_AndSurviveAReload()
    {
        await using var client = Client("north");
        await SubmitAsync(client, "filter-a.mp4", ("camera", "east \"7\""));
        await SubmitAsync(client, "filter-b.mp4", ("camera", "west"));
        await using var viewer = await OpenAsync("north");
        await viewer.Row("filter-a.mp4").WaitForAsync();

        await viewer.Row("filter-a.mp4").Locator(".tag").ClickAsync();
        await Assertions.Expect(viewer.Row("filter-b.mp4")).ToHaveCountAsync(0);
        await Assertions.Expect(viewer.Row("filter-a.mp4")).ToHaveCountAsync(1);
        await viewer.Page.ReloadAsync();
        await Assertions.Expect(viewer.Row("filter-a.mp4")).ToHaveCountAsync(1);
        await Assertions.Expect(viewer.At("#rows li")).ToHaveCountAsync(1);

        await viewer.At("#status").SelectOptionAsync("FAILED");
        await Assertions.Expect(viewer.At("#list .empty")).ToContainTextAsync("No job matches");
        await viewer.Button("Clear").ClickAsync();
        await viewer.At("#text").FillAsync("FILTER-B");
        await Assertions.Expect(viewer.At("#rows li")).ToHaveCountAsync(1);
        await Assertions.Expect(viewer.Row("filter-b.mp4")).ToHaveCountAsync(1);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Admin_SeesAllTenants_AndFiltersByOne()
    {
        await using var north = Client("north");
        await using var south = Client("south");
        await SubmitAsync(north, "admin-north.mp4");
        await SubmitAsync(south, "admin-south.mp4");
        await using var viewer = await OpenAsync("admin");
        await viewer.Row("admin-north.mp4").WaitForAsync();
        await viewer.Row("admin-south.mp4").WaitForAsync();

        await viewer.At("#tenant").FillAsync("south");

        await Assertions.Expect(viewer.Row("admin-north.mp4")).ToHaveCountAsync(0);
        await Assertions.Expect(viewer.Row("admin-south.mp4").Locator("[title=Tenant]")).ToHaveTextAsync("south");
        Assert.Contains("tenant=south", viewer.Page.Url, StringComparison.Ordinal);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Search_ByJobId_FindsTheJob()
    {
        await using var client = Client("north");
        var job = await SubmitAsync(client, "by-id.mp4");
        await SubmitAsync(client, "another.mp4");
        await using var viewer = await OpenAsync("north");

        await viewer.At("#text").FillAsync(job.JobId);

        await Assertions.Expect(viewer.Row("another.mp4")).ToHaveCountAsync(0);
        await Assertions.Expect(viewer.Row("by-id.mp4")).ToHaveCountAsync(1);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Search_ByTheFirstDigitsOfAJobId_FindsTheJob()
    {
        await using var client = Client("north");
        var job = await SubmitAsync(client, "by-digits.mp4");
        await SubmitAsync(client, "another.mp4");
        await using var viewer = await OpenAsync("north");

        await viewer.At("#text").FillAsync(job.JobId[..8]);
        await Assertions.Expect(viewer.Row("another.mp4")).ToHaveCountAsync(0);
        await Assertions.Expect(viewer.Row("by-digits.mp4")).ToHaveCountAsync(1);
        await viewer.At("#text").FillAsync(job.JobId[..16].ToUpperInvariant());
        await Assertions.Expect(viewer.Row("by-digits.mp4")).ToHaveCountAsync(1);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Search_ByAName_ThatCouldBeDigits_FindsTheJob()
    {
        await using var client = Client("north");
        await SubmitAsync(client, "facade.mp4");
        await using var viewer = await OpenAsync("north");

        await viewer.At("#text").FillAsync("FACADE");

        await Assertions.Expect(viewer.Row("facade.mp4")).ToHaveCountAsync(1);
        viewer.AssertQuiet();
    }

    [Theory]
    [InlineData("A B")]
    [InlineData("=")]
    [InlineData("<x>")]
    public async Task WrongTag_IsExplained(string tag)
    {
        await using var viewer = await OpenAsync("north");

        await viewer.OpenAsync($"/web/jobs?tag={Uri.EscapeDataString(tag)}");
        await Assertions.Expect(viewer.At("#tag-problem")).ToContainTextAsync($"“{tag}” is not a tag");
        await Assertions.Expect(viewer.At("#tag")).ToHaveAttributeAsync("aria-invalid", "true");
        await viewer.At("#tag").FillAsync("camera");
        await Assertions.Expect(viewer.At("#tag-problem")).ToBeHiddenAsync();
        await Assertions.Expect(viewer.At("#tag")).ToHaveAttributeAsync("aria-invalid", "false");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Cancel_WithoutTheServer_DoesNotSayWhetherItWasCancelled()
    {
        await using var client = Client("south");
        var job = await SubmitAsync(client, "not-cancelled.mp4");
        await using var viewer = await OpenAsync("south");
        viewer.Expected.Add("net::ERR_CONNECTION_REFUSED");
        await viewer.Row("not-cancelled.mp4").WaitForAsync();

        await viewer.Page.RouteAsync("**/v1/jobs/*:cancel", route => route.AbortAsync("connectionrefused"));
        await viewer.Button("Cancel not-cancelled.mp4").ClickAsync();
        await viewer.Button("Cancel the job").ClickAsync();
        await Assertions.Expect(viewer.At("#toasts")).ToContainTextAsync(
            "It is not known whether not-cancelled.mp4 is cancelled: the server did not answer.");
        Assert.Equal(JobStatus.Pending, (await client.GetJobAsync(job.JobId, cancellationToken: Token)).Status);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Keyboard_CancelsAndRetriesAJob_AndTheRestOfTheListStays()
    {
        await using var client = Client("south");
        await SubmitAsync(client, "stays.mp4");
        var job = await SubmitAsync(client, "by-keyboard.mp4");
        await using var viewer = await OpenAsync("south");
        await viewer.Row("by-keyboard.mp4").WaitForAsync();
        await viewer.Row("stays.mp4").EvaluateAsync("row => row.dataset.sameRow = 'yes'");

        // The newest job is the first.
        await viewer.Page.Keyboard.PressAsync("j");
        await Assertions.Expect(viewer.Row("by-keyboard.mp4").Locator("a").First).ToBeFocusedAsync();
        await viewer.Page.Keyboard.PressAsync("c");
        await viewer.Button("Cancel the job").PressAsync("Enter");
        await Assertions.Expect(viewer.Row("by-keyboard.mp4").Locator(".status")).ToHaveTextAsync("Cancelled");
        await Assertions.Expect(viewer.At("#news")).ToHaveTextAsync("by-keyboard.mp4: cancelled");
        Assert.Equal(JobStatus.Cancelled, (await client.GetJobAsync(job.JobId, cancellationToken: Token)).Status);

        await viewer.Row("by-keyboard.mp4").Locator("a").First.FocusAsync();
        await viewer.Page.Keyboard.PressAsync("r");
        await Assertions.Expect(viewer.Row("by-keyboard.mp4").Locator(".status")).ToHaveTextAsync("Pending");
        await Assertions.Expect(viewer.Row("stays.mp4")).ToHaveAttributeAsync("data-same-row", "yes");

        await viewer.Page.Keyboard.PressAsync("/");
        await Assertions.Expect(viewer.At("#text")).ToBeFocusedAsync();
        await viewer.Page.Keyboard.PressAsync("Escape");
        await viewer.Page.Keyboard.PressAsync("?");
        await Assertions.Expect(viewer.At("#keys")).ToBeVisibleAsync();
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Delete_AsksFirst()
    {
        await using var client = Client("south");
        var job = await SubmitAsync(client, "deleted.mp4");
        await client.CancelJobAsync(job.JobId, cancellationToken: Token);
        await using var viewer = await OpenAsync("south");

        await viewer.Button("Delete deleted.mp4").ClickAsync();
        await viewer.Button("Back").ClickAsync();
        await Assertions.Expect(viewer.Row("deleted.mp4")).ToHaveCountAsync(1);
        await viewer.Button("Delete deleted.mp4").ClickAsync();
        await viewer.Button("Delete").ClickAsync();

        await Assertions.Expect(viewer.Row("deleted.mp4")).ToHaveCountAsync(0);
        viewer.AssertQuiet();
    }

    [Theory]
    [InlineData("<img src=x onerror=alert(1)>.mp4")]
    [InlineData("\"><script>alert(2)</script>")]
    [InlineData("' onmouseover='alert(3)")]
    public async Task HostileNames_AreTexts(string name)
    {
        await using var client = Client("north");
        await SubmitAsync(client, name, ("camera", name));
        await using var viewer = await OpenAsync("north");

        var row = viewer.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = name, Exact = true });
        await row.HoverAsync();
        await viewer.Button("Help").Or(viewer.At("#help")).HoverAsync();

        await Assertions.Expect(row).ToHaveTextAsync(name);
        await Assertions.Expect(viewer.At("#list img, #list script")).ToHaveCountAsync(0);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task LongList_HasPages()
    {
        web.AddKey("many", "many");
        await using var client = Client("many");
        await Wait.ForAsync(
            async () =>
            {
                try
                {
                    return (await client.ListJobsPageAsync(cancellationToken: Token)).Jobs.Count;
                }
                catch (ForegSyteException)
                {
                    return -1;
                }
            },
            jobs => jobs == 0,
            "the key file is read again");
        var first = await SubmitAsync(client, "number-00.mp4");
        for (var number = 1; number <= 25; number++)
        {
            await client.SubmitFromJobAsync(
                first.JobId,
                new SubmitOptions { PipelineId = "detect_only", DisplayName = $"number-{number:00}.mp4" },
                cancellationToken: Token);
        }

        await using var viewer = await OpenAsync("many");
        await Assertions.Expect(viewer.At("#rows li")).ToHaveCountAsync(25);
        await viewer.Button("Older").ClickAsync();
        await Assertions.Expect(viewer.At("#rows li")).ToHaveCountAsync(1);
        await Assertions.Expect(viewer.Row("number-00.mp4")).ToHaveCountAsync(1);
        await viewer.Button("Newer").ClickAsync();
        await Assertions.Expect(viewer.Row("number-25.mp4")).ToHaveCountAsync(1);
        viewer.AssertQuiet();
    }

    private async Task<Viewer> OpenAsync(string caller)
    {
        var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.SignInAsync(web.Key(caller));
        await viewer.Page.WaitForURLAsync("**/web/jobs");
        return viewer;
    }

    private ForegSyteClient Client(string caller) => new(new ForegSyteClientOptions
    {
        Address = web.Services.JobAddress,
        Credentials = new ClientCredentials { ApiKey = web.Key(caller) },
    });

    private static Task<Job> SubmitAsync(
        ForegSyteClient client, string name, params (string Key, string Value)[] tags) =>
        client.SubmitFileAsync(
            RepositoryFiles.Pedestrians,
            new SubmitOptions
            {
                PipelineId = "detect_only",
                DisplayName = name,
                Tags = tags.ToDictionary(tag => tag.Key, tag => tag.Value),
            },
            cancellationToken: Token);
}
