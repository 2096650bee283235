using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests.Browsing;

/// <summary>
/// A person at a window of the browser. <see cref="AssertQuiet"/> fails if a page wrote an error to the console, threw,
/// or called another host.
/// </summary>
public sealed class Viewer : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _problems = new();

    internal Viewer(IPage page, Uri address)
    {
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _problems.Enqueue($"console: {message.Text} ({message.Location})");
            }
        };
        page.PageError += (_, error) => _problems.Enqueue($"error: {error}");
        page.Dialog += (_, dialog) =>
        {
            // Nothing in the pages opens one, but the question before leaving, which every script could also cause.
            if (dialog.Type != DialogType.BeforeUnload)
            {
                _problems.Enqueue($"dialog: {dialog.Message}");
            }

            _ = dialog.AcceptAsync();
        };
        page.Request += (_, request) =>
        {
            var uri = new Uri(request.Url);
            if (uri.Scheme is "http" or "https" && uri.Authority != address.Authority)
            {
                _problems.Enqueue($"request to another host: {request.Url}");
            }
        };
    }

    public IPage Page { get; }

    /// <summary>Ignores problems with a text, which the test causes on purpose.</summary>
    public IList<string> Expected { get; } = [];

    public ILocator At(string selector) => Page.Locator(selector);

    public ILocator Button(string name) =>
        Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    public Task OpenAsync(string path) => Page.GotoAsync(path);

    /// <summary>Signs in with a key or a token.</summary>
    public async Task SignInAsync(string credential)
    {
        await Page.GotoAsync("/web/sign-in");
        await Page.FillAsync("#credential", credential);
        await Button("Sign in").ClickAsync();
    }

    /// <summary>The id in the address of a job's page, which can have a time behind it.</summary>
    public string JobId => new Uri(Page.Url).Segments[^1];

    /// <summary>The row of the list of jobs with a name.</summary>
    public ILocator Row(string name) => Page.Locator("#rows li").Filter(new LocatorFilterOptions { HasText = name });

    public void AssertQuiet() => Assert.DoesNotContain(
        _problems,
        problem => !Expected.Any(expected => problem.Contains(expected, StringComparison.Ordinal)));

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        // An answer that a test still makes has no page any more.
        await Page.UnrouteAllAsync(new PageUnrouteAllOptions { Behavior = UnrouteBehavior.IgnoreErrors });
        await Page.Context.DisposeAsync();
    }
}
