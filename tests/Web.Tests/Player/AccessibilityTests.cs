using Deque.AxeCore.Playwright;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests.Player;

/// <summary>The pages of a job and of the search, checked by axe-core.</summary>
[Collection(PlayedCollection.Name)]
public sealed class AccessibilityTests(PlayedServices web)
{
    [Theory]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(1440, ColorScheme.Light)]
    [InlineData(1440, ColorScheme.Dark)]
    public async Task JobPage_HasNoSeriousFinding(int width, ColorScheme scheme)
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId, width: width, scheme: scheme);
        await job.WaitForLanesAsync(6);
        await job.Viewer.At("#tracks li").First.ScrollIntoViewIfNeededAsync();
        await job.Page.WaitForSelectorAsync("#tracks img.ready");
        await job.Page.EvaluateAsync(
            "() => document.querySelectorAll('details').forEach(details => { details.open = true; })");

        await AssertAccessibleAsync(job.Viewer);
    }

    [Theory]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(1440, ColorScheme.Light)]
    [InlineData(1440, ColorScheme.Dark)]
    public async Task SearchPage_HasNoSeriousFinding(int width, ColorScheme scheme)
    {
        await using var viewer = await web.OpenAsync(width, scheme);
        await viewer.OpenAsync("/web/search");
        await Assertions.Expect(viewer.At("#outcome")).Not.ToHaveTextAsync("Searching…");

        await AssertAccessibleAsync(viewer);
    }

    private static async Task AssertAccessibleAsync(Viewer viewer)
    {
        var isWider = await viewer.Page.EvaluateAsync<bool>(
            "() => document.documentElement.scrollWidth > document.documentElement.clientWidth");
        Assert.False(isWider, "The page is wider than its window.");
        var findings = await viewer.Page.RunAxe();
        Assert.Empty(findings.Violations
            .Where(finding => finding.Impact is "serious" or "critical")
            .Select(finding =>
                $"{finding.Id}: {finding.Help} {string.Join(", ", finding.Nodes.Select(node => node.Html))}"));
    }
}
