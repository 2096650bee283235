using Microsoft.Playwright;

namespace ForegSyte.Web.Tests.Player;

/// <summary>The search page in a real browser.</summary>
[Collection(PlayedCollection.Name)]
public sealed class SearchPageTests(PlayedServices web)
{
    [Fact]
    public async Task Objects_ByLabelAndTag_LeadToTheMomentInTheVideo()
    {
        await web.WaitForIndexAsync(web.Job.JobId);
        await using var viewer = await web.OpenAsync();
        await viewer.OpenAsync("/web/search");

        await viewer.Page.FillAsync("#label", "person");
        await viewer.Page.FillAsync("#tags", "camera=north");
        await viewer.Page.SelectOptionAsync("#min_confidence", "0.3");
        await viewer.Button("Search").ClickAsync();
        await viewer.Page.WaitForURLAsync("**/web/search?kind=objects&label=person&min_confidence=0.3&tags=camera*");
        var match = viewer.At($"#matches a[href*='{web.Job.JobId}']").First;
        await match.Locator("img.ready").WaitForAsync();
        await Assertions.Expect(match).ToContainTextAsync(PlayedServices.HostileName);
        await match.ClickAsync();

        await viewer.Page.WaitForURLAsync($"**/web/jobs/{web.Job.JobId}#t=*");
        await new JobViewer(viewer).WaitAsync("drawn?.items.some(item => item.label === 'person')");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Label_InOtherCase_IsFound_AndAnUnknownOneIsNamed()
    {
        await web.WaitForIndexAsync(web.Job.JobId);
        await using var viewer = await web.OpenAsync();
        await viewer.OpenAsync("/web/search?kind=objects&label=PERSON");
        await viewer.At($"#matches a[href*='{web.Job.JobId}']").First.WaitForAsync();
        await Assertions.Expect(viewer.At("#known-labels option[value=person]")).ToHaveCountAsync(1);

        await viewer.Page.FillAsync("#label", "unicorn");
        await viewer.Button("Search").ClickAsync();
        await Assertions.Expect(viewer.At("#outcome")).ToContainTextAsync("no pipeline finds “unicorn”");
        viewer.AssertQuiet();
    }

    [Theory]
    [InlineData("after=2026-02-02T00:00&before=2026-01-01T00:00", "so no job matches")]
    [InlineData("line_id=a%20b", "“a b” is not the id of a line")]
    public async Task WrongField_SaysWhatIsWrong(string query, string problem)
    {
        await using var viewer = await web.OpenAsync();

        await viewer.OpenAsync($"/web/search?kind=objects&{query}");

        await Assertions.Expect(viewer.At("#outcome")).ToContainTextAsync(problem);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Tags_AreSeparatedByCommas_AsInASubmission()
    {
        await using var viewer = await web.OpenAsync();
        await viewer.OpenAsync("/web/search");
        await Assertions.Expect(viewer.At("#outcome")).Not.ToHaveTextAsync("Searching…");
        await viewer.Page.FillAsync("#tags", "camera=north gate, site");

        var request = await viewer.Page.RunAndWaitForRequestAsync(
            () => viewer.Button("Search").ClickAsync(),
            sent => sent.Url.Contains("job_filter", StringComparison.Ordinal));

        var query = System.Web.HttpUtility.ParseQueryString(new Uri(request.Url).Query);
        Assert.Equal("tags.camera = \"north gate\" AND tags:site", query["job_filter"]);
        await Assertions.Expect(viewer.At("#outcome")).ToContainTextAsync("Nothing was found");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Texts_WithAWrongCharacter_AreFound()
    {
        await web.WaitForIndexAsync(web.Job.JobId);
        await using var viewer = await web.OpenAsync();
        await viewer.OpenAsync("/web/search?kind=texts");
        await Assertions.Expect(viewer.At("#outcome")).ToHaveTextAsync("Enter a text to look for.");

        await viewer.Page.FillAsync("#text", "gate O7");
        await viewer.Button("Search").ClickAsync();
        await Assertions.Expect(viewer.At("#matches li").First).ToContainTextAsync("“GATE 07 NORTH”");
        await viewer.Page.SelectOptionAsync("#match", "TEXT_MATCH_EXACT");
        await viewer.Button("Search").ClickAsync();
        await Assertions.Expect(viewer.At("#outcome")).ToContainTextAsync("Nothing was found.");

        // The address has the search; going back repeats the one before.
        await viewer.Page.GoBackAsync();
        await Assertions.Expect(viewer.At("#matches li").First).ToContainTextAsync("“GATE 07 NORTH”");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task WrongFilter_SaysWhatIsWrong()
    {
        await using var viewer = await web.OpenAsync();

        await viewer.OpenAsync("/web/search?kind=objects&tags=1%22x");

        await Assertions.Expect(viewer.At("#outcome")).ToContainTextAsync("“1\"x” is not a tag");
        await Assertions.Expect(viewer.At("#matches li")).ToHaveCountAsync(0);
        viewer.AssertQuiet();
    }
}
