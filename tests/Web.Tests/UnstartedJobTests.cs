using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests;

/// <summary>The page of a job that waits for an InferenceService, and of a job that does not exist.</summary>
[Collection(SecuredCollection.Name)]
public sealed class UnstartedJobTests(SecuredServices web) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Video_KeepsItsShape_BeforeTheServerHasProbedIt()
    {
        await using var client = Client();
        var job = await SubmitAsync(client, RepositoryFiles.Pedestrians);
        await using var viewer = await OpenAsync($"/web/jobs/{job.JobId}");

        await Assertions.Expect(viewer.At(".stage")).ToHaveAttributeAsync(
            "style", new System.Text.RegularExpressions.Regex("aspect-ratio: 1.333"));
        var box = (await viewer.At(".stage video").BoundingBoxAsync())!;
        Assert.Equal(768f / 576, box.Width / box.Height, 0.01f);
        Assert.Equal(
            "contain",
            await viewer.At(".stage video").EvaluateAsync<string>("video => getComputedStyle(video).objectFit"));
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Play_OfAVideoWithoutAKnownLength_SaysWhatItWaitsFor()
    {
        await using var client = Client();
        var job = await SubmitAsync(client, await Clips.MakeOpenHevcAsync(_folder.File("hevc.mp4")));
        await using var viewer = await OpenAsync($"/web/jobs/{job.JobId}", "503");
        await viewer.Page.WaitForSelectorAsync("#player[data-mode=server]");

        await viewer.Page.Keyboard.PressAsync("k");

        // Whichever comes first, the key or the answer for the frame, both reasons stay.
        await Assertions.Expect(viewer.At(".stage-message")).ToContainTextAsync(
            new System.Text.RegularExpressions.Regex(
                "It can be played as soon as the job has started.* No InferenceService is serving"));
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task CancelledJob_DoesNotTalkAsIfItRan_AndItsDeletionIsSaid()
    {
        await using var client = Client();
        var job = await SubmitAsync(client, RepositoryFiles.Pedestrians);
        await client.CancelJobAsync(job.JobId, cancellationToken: Token);
        await using var viewer = await OpenAsync($"/web/jobs/{job.JobId}");

        await Assertions.Expect(viewer.At("#found"))
            .ToContainTextAsync("The job was cancelled, so there is no summary.");
        await Assertions.Expect(viewer.At("#tracks-card")).ToContainTextAsync("No objects or texts were tracked.");
        await viewer.Page.Keyboard.PressAsync("?");
        await Assertions.Expect(viewer.At("#keys")).ToBeVisibleAsync();
        await viewer.Button("Close").ClickAsync();
        await viewer.Button("Delete").ClickAsync();
        await viewer.Page.GetByRole(AriaRole.Dialog)
            .GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Delete", Exact = true }).ClickAsync();
        await viewer.Page.WaitForURLAsync("**/web/jobs");
        await Assertions.Expect(viewer.At("#toasts")).ToContainTextAsync("is deleted");
        viewer.AssertQuiet();
    }

    [Theory]
    [InlineData("foo", "“foo” is not a job id")]
    [InlineData("00000000-0000-4000-8000-000000000000", "There is no job with this id")]
    public async Task UnknownJob_IsExplained_InTheWordsOfThePage(string id, string problem)
    {
        await using var viewer = await OpenAsync($"/web/jobs/{id}", "404");

        await Assertions.Expect(viewer.At("#job .problem")).ToContainTextAsync(problem);
        await viewer.Page.GetByRole(AriaRole.Link, new() { Name = "See all jobs" }).ClickAsync();
        await viewer.Page.WaitForURLAsync("**/web/jobs");
        viewer.AssertQuiet();
    }

    private async Task<Viewer> OpenAsync(string path, params string[] expected)
    {
        var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        foreach (var problem in expected)
        {
            viewer.Expected.Add(problem);
        }

        await viewer.SignInAsync(web.Key("north"));
        await viewer.Page.WaitForURLAsync("**/web/jobs");
        await viewer.OpenAsync(path);
        return viewer;
    }

    private ForegSyteClient Client() => new(new ForegSyteClientOptions
    {
        Address = web.Services.JobAddress,
        Credentials = new ClientCredentials { ApiKey = web.Key("north") },
    });

    private static Task<Job> SubmitAsync(ForegSyteClient client, string path) => client.SubmitFileAsync(
        path, new SubmitOptions { PipelineId = "detect_only" }, cancellationToken: Token);
}
