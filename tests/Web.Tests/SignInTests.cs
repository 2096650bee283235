using System.Net;
using System.Text.Json;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.Web.Sessions;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests;

/// <summary>Who may see the page: sign-in, sessions and their end, tenants, requests of other sites.</summary>
[Collection(SecuredCollection.Name)]
public sealed class SignInTests(SecuredServices web)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Task<Viewer> BrowserAsync() => web.Browser.OpenAsync(web.Services.HttpAddress);

    [Fact]
    public async Task Page_WithoutKey_AsksForOne_AndLeadsBack()
    {
        await using var viewer = await BrowserAsync();
        await viewer.OpenAsync("/web/server");
        await viewer.At("#credential").FillAsync(web.Key("north"));
        await viewer.Button("Sign in").ClickAsync();

        await viewer.Page.WaitForURLAsync("**/web/server");
        await viewer.At("#limits tr").First.WaitForAsync();
        viewer.AssertQuiet();
    }

    [Theory]
    [InlineData("fgs_north.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("<script>alert(1)</script>")]
    public async Task SignIn_WithAWrongKey_IsRefused_WithAReason_AndWithoutACookie(string credential)
    {
        await using var viewer = await BrowserAsync();
        viewer.Expected.Add("401");
        await viewer.SignInAsync(credential);

        await Assertions.Expect(viewer.At("#problem")).ToContainTextAsync("unknown, or has expired");
        Assert.DoesNotContain(
            await viewer.Page.Context.CookiesAsync(), cookie => cookie.Name == Session.CookieName);
        await web.Services.JobService.PrintsAsync("UNAUTHENTICATED /web/sign-in");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task SignIn_SetsACookie_ThatScriptsCannotRead_AndShowsTheKeyNowhere()
    {
        var secret = web.Key("north").Split('.')[1];
        await using var viewer = await BrowserAsync();
        var addresses = new List<string>();
        viewer.Page.Request += (_, request) => addresses.Add(request.Url);
        await viewer.SignInAsync(web.Key("north"));
        await viewer.At("#list .empty, #rows").First.WaitForAsync();

        var cookie = (await viewer.Page.Context.CookiesAsync()).Single(cookie => cookie.Name == Session.CookieName);
        Assert.True(cookie.HttpOnly, "A script can read the cookie.");
        Assert.Equal(SameSiteAttribute.Strict, cookie.SameSite);
        Assert.DoesNotContain(secret, cookie.Value, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, await viewer.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(addresses, address => address.Contains(secret, StringComparison.Ordinal));
        Assert.DoesNotContain(secret, web.Services.JobService.Output, StringComparison.Ordinal);
        await web.Services.JobService.PrintsAsync("OK /web/sign-in  by key:north of north");
    }

    [Fact]
    public async Task SignIn_WithATokenOfTheIssuer_IsThatOfItsTenant()
    {
        using var access = AccessSetup.Tokens();
        await using var services = new Installation(WebSettings.With([.. access.Settings]))
        {
            Credentials = access.Callers["other"],
        };
        await services.StartJobServiceAsync();
        await using var viewer = await web.Browser.OpenAsync(services.HttpAddress);
        await viewer.SignInAsync(await access.Callers["other"].BearerToken!(Token));

        await Assertions.Expect(viewer.At(".caller")).ToHaveTextAsync("b");
        await viewer.At("#list .empty").WaitForAsync();
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task SignOut_EndsTheSession()
    {
        await using var viewer = await BrowserAsync();
        await viewer.SignInAsync(web.Key("north"));
        await viewer.Button("Sign out").ClickAsync();
        await viewer.Page.WaitForURLAsync("**/web/sign-in");

        await viewer.OpenAsync("/web/jobs");
        await viewer.At("#credential").WaitForAsync();
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task RemovedKey_EndsItsSessions()
    {
        var key = web.AddKey("leaver", "north");
        await WaitForKeyAsync(key, HttpStatusCode.OK);
        await using var viewer = await BrowserAsync();
        viewer.Expected.Add("401");
        await viewer.SignInAsync(key);
        await viewer.At("#list .empty, #rows").First.WaitForAsync();

        web.RemoveKey("leaver");

        // The next poll of the open page is refused, and the page asks for a key.
        await viewer.At("#credential").WaitForAsync();
        await Assertions.Expect(viewer.At("#problem")).ToContainTextAsync("Your session has ended");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Tenants_SeeOnlyTheirOwnJobs()
    {
        await SubmitAsync("north", "of-the-north.mp4");
        var theirs = await SubmitAsync("south", "of-the-south.mp4");
        await using var viewer = await BrowserAsync();
        viewer.Expected.Add("404");
        await viewer.SignInAsync(web.Key("north"));
        await viewer.Row("of-the-north.mp4").WaitForAsync();
        await Assertions.Expect(viewer.Row("of-the-south.mp4")).ToHaveCountAsync(0);

        // Nor by its id.
        await viewer.OpenAsync($"/web/jobs?text={theirs}");
        await viewer.At("#list .empty").WaitForAsync();
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Reader_GetsNoButtonsForChanges_AndIsToldThatItCannotSubmit()
    {
        await SubmitAsync("north", "read-only.mp4");
        await using var viewer = await BrowserAsync();
        await viewer.SignInAsync(web.Key("reader"));
        await viewer.Row("read-only.mp4").WaitForAsync();
        await Assertions.Expect(viewer.At("[data-action]")).ToHaveCountAsync(0);

        await viewer.OpenAsync("/web/submit");
        await Assertions.Expect(viewer.At(".problem").First).ToContainTextAsync("cannot submit videos");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Change_WithACookieButWithoutTheToken_IsRefused()
    {
        var jobId = await SubmitAsync("north", "not-cancelled.mp4");
        await using var viewer = await BrowserAsync();
        viewer.Expected.Add("403");
        await viewer.SignInAsync(web.Key("north"));
        await viewer.Row("not-cancelled.mp4").WaitForAsync();

        var answer = await viewer.Page.EvaluateAsync<string>(
            "id => fetch(`/v1/jobs/${id}:cancel`, {method: 'POST'}).then(answer => answer.text())", jobId);

        var error = JsonDocument.Parse(answer).RootElement.GetProperty("error");
        Assert.Equal(403, error.GetProperty("code").GetInt32());
        Assert.Contains("x-csrf-token", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        using var program = web.Program(web.Key("north"));
        Assert.Contains(
            "JOB_STATUS_PENDING", await program.GetStringAsync($"/v1/jobs/{jobId}", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Form_WithoutTheToken_IsRefused()
    {
        using var client = new HttpClient { BaseAddress = web.Services.HttpAddress };
        using var form = new FormUrlEncodedContent(
            new Dictionary<string, string> { ["credential"] = web.Key("north"), ["return"] = "/web/jobs" });

        using var answer = await client.PostAsync("/web/sign-in", form, Token);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Location"), "The form signed in.");
    }

    [Theory]
    [InlineData("/web/jobs?status=RUNNING", "/web/jobs?status=RUNNING")]
    [InlineData("/web/jobs/1", "/web/jobs/1")]
    [InlineData(null, "/web/jobs")]
    [InlineData("https://evil.example/web/", "/web/jobs")]
    [InlineData("//evil.example/web/", "/web/jobs")]
    [InlineData("/web/\\evil.example", "/web/jobs")]
    [InlineData("/web/sign-in?return=/web/sign-in", "/web/jobs")]
    [InlineData("/web/jobs\r\nSet-Cookie: a=b", "/web/jobs")]
    public void ReturnPath_LeadsToOwnPagesOnly(string? asked, string expected) =>
        Assert.Equal(expected, SignInMiddleware.ReturnPath(asked));

    private async Task WaitForKeyAsync(string key, HttpStatusCode expected)
    {
        using var program = web.Program(key);
        await Wait.ForAsync(
            async () =>
            {
                using var answer = await program.GetAsync("/v1/jobs", Token);
                return answer.StatusCode;
            },
            status => status == expected,
            "the key file is read again");
    }

    private async Task<string> SubmitAsync(string caller, string name)
    {
        await using var client = new ForegSyteClient(new ForegSyteClientOptions
        {
            Address = web.Services.JobAddress,
            Credentials = new ClientCredentials { ApiKey = web.Key(caller) },
        });
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only", DisplayName = name },
            cancellationToken: Token);
        return job.JobId;
    }
}
