using ForegSyte.Testing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests.Browsing;

/// <summary>One headless Chromium for all tests. Tests skip if there is none.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Paths =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        if (Paths.FirstOrDefault(File.Exists) is not { } path)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = path,
            Timeout = (float)Wait.Timeout.TotalMilliseconds,

            // The sandbox of Chromium refuses to run as root, as in containers. Only our own pages are opened.
            Args = ["--no-sandbox", "--disable-dev-shm-usage"],
        });
    }

    /// <summary>Opens a window without cookies, or skips the test.</summary>
    public async Task<Viewer> OpenAsync(Uri address, int width = 1440, ColorScheme scheme = ColorScheme.Light)
    {
        Assert.SkipWhen(_browser is null, "Chromium is not installed; eng/setup.sh --test installs it.");
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = address.ToString(),
            ViewportSize = new ViewportSize { Width = width, Height = width < 600 ? 844 : 900 },
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
            TimezoneId = "Europe/Berlin",
            Locale = "en-GB",
        });

        // As everywhere in the tests, far above what the slowest machine needs.
        context.SetDefaultTimeout((float)Wait.Timeout.TotalMilliseconds);
        Assertions.SetDefaultExpectTimeout((float)Wait.Timeout.TotalMilliseconds);
        return new Viewer(await context.NewPageAsync(), address);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }
}
