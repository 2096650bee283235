using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using ForegSyte.Testing;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests;

/// <summary>
/// Each page at two widths and in both color schemes: axe-core finds nothing serious, and nothing overflows.
/// </summary>
[Collection(SecuredCollection.Name)]
public sealed class AccessibilityTests(SecuredServices web)
{
    private static readonly string[] PagesOfCallers = ["/web/jobs", "/web/submit", "/web/server", "/web/missing"];

    [Theory]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(1440, ColorScheme.Light)]
    [InlineData(1440, ColorScheme.Dark)]
    public async Task Pages_HaveNoSeriousFindings(int width, ColorScheme scheme)
    {
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress, width, scheme);
        viewer.Expected.Add("404");
        List<string> findings = [.. await FindingsAsync(viewer, "/web/sign-in", width)];
        await SubmitAsync();
        await viewer.SignInAsync(web.Key("admin"));
        await viewer.Page.WaitForURLAsync("**/web/jobs");
        foreach (var path in PagesOfCallers)
        {
            findings.AddRange(await FindingsAsync(viewer, path, width));
        }

        Assert.Empty(findings);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Theme_IsKept()
    {
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.SignInAsync(web.Key("north"));
        await viewer.Page.WaitForURLAsync("**/web/jobs");
        await viewer.At("#theme").ClickAsync();
        await viewer.OpenAsync("/web/submit");

        await Assertions.Expect(viewer.At("html")).ToHaveAttributeAsync("data-theme", "dark");
        Assert.Equal("rgb(18, 22, 28)", await viewer.Page.EvaluateAsync<string>(
            "() => getComputedStyle(document.body).backgroundColor"));
    }

    private static async Task<IEnumerable<string>> FindingsAsync(Viewer viewer, string path, int width)
    {
        await viewer.OpenAsync(path);
        await ShowAllAsync(viewer, path);
        var found = await viewer.Page.RunAxe();
        var overflow = await viewer.Page.EvaluateAsync<int>(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        return found.Violations.Where(violation => violation.Impact is "serious" or "critical").Select(Describe)
            .Concat(overflow > 0 ? [$"{overflow} pixels wider than a window of {width}"] : [])
            .Select(finding => $"{path}: {finding}");
    }

    private static async Task ShowAllAsync(Viewer viewer, string path)
    {
        switch (path)
        {
            case "/web/jobs":
                await viewer.At("#rows li").First.WaitForAsync();
                break;
            case "/web/submit":
                await Assertions.Expect(viewer.At("#pipeline-about")).ToContainTextAsync("text");
                await viewer.Page.SetInputFilesAsync("#files", RepositoryFiles.Pedestrians);
                await viewer.At("#areas-box summary").ClickAsync();
                await viewer.At("#draw").WaitForAsync();
                break;
            case "/web/server":
                await viewer.At("#limits tr").First.WaitForAsync();
                await viewer.At("#nodes tr").First.WaitForAsync();
                break;
        }
    }

    private async Task SubmitAsync()
    {
        using var program = web.Program(web.Key("north"));
        using var video = new ByteArrayContent(
            await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, TestContext.Current.CancellationToken));
        var name = new string('n', 200);
        using var answer = await program.PostAsync(
            new Uri($"/v1/jobs:submit?pipeline_id=detect_only&display_name={name}", UriKind.Relative), video,
            TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static string Describe(AxeResultItem violation) =>
        $"{violation.Impact} {violation.Id}: {violation.Help}: "
        + string.Join("; ", violation.Nodes.Select(node => $"{node.Target} {node.Html}"));
}
