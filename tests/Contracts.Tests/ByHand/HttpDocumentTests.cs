using System.Text.RegularExpressions;
using ForegSyte.Hosting.Http;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Contracts.Tests.ByHand;

/// <summary>
/// docs/http.md holds: it has a command for every route, and each command, pasted into a shell in the document's order,
/// prints what the document says.
/// </summary>
[Collection(RunningServicesCollection.Name)]
public sealed class HttpDocumentTests(RunningServices services)
{
    // This section's commands need jobs that wait.
    private const string WaitingSection = "While jobs wait";

    private static readonly CommandDocument Document = CommandDocument.Read("http.md");

    private static IEnumerable<HttpRoute> Routes => new[]
        {
            JobServiceReflection.Descriptor, UploadServiceReflection.Descriptor,
        }
        .SelectMany(file => file.Services)
        .SelectMany(HttpRoute.Of);

    [Fact]
    public void Document_HasACommandForEveryRoute() => Assert.All(
        Routes,
        route => Assert.Contains(Document.Commands, command => Calls(command.Text, route)));

    [Fact]
    public async Task Commands_WithBothServices_PrintWhatTheDocumentSays()
    {
        await CurlOrSkipAsync();
        await Document.AssertPrintedAsync(services.Services, command => command.Section != WaitingSection);
    }

    [Fact]
    public async Task Commands_WhileJobsWait_PrintWhatTheDocumentSays()
    {
        await CurlOrSkipAsync();
        await using var alone = new Installation(new Dictionary<string, string>
        {
            ["Submit:AllowedRoots:0"] = Path.Combine(RepositoryFiles.Data, "samples"),
            ["Submit:MaxPendingJobs"] = "1",
            ["Listen:HttpPort"] = "0",
            // Where none listens; on the usual port one of this machine's may.
            ["Inference:Addresses:0"] = "http://127.0.0.1:1",
        });
        await alone.StartJobServiceAsync();
        await Document.AssertPrintedAsync(alone, command => command.Section == WaitingSection);
    }

    private static bool Calls(string command, HttpRoute route)
    {
        var verb = command.Contains("-X DELETE", StringComparison.Ordinal) ? "DELETE"
            : command.Contains("-T ", StringComparison.Ordinal) ? "PUT"
            : Regex.IsMatch(command, "-X POST|-d '|--data-binary") ? "POST"
            : "GET";
        var path = Regex.Replace(Regex.Escape(route.Path.ToString()), @"\\\{[a-z_]+}", "[0-9a-f-]+");
        return verb == route.Verb && Regex.IsMatch(command, @"\$SERVER" + path + @"(?![/:\w-])");
    }

    private static async Task CurlOrSkipAsync()
    {
        var found = await Shell.RunAsync("command -v curl && command -v python3", RepositoryFiles.Root);
        Assert.SkipUnless(
            found.ExitCode == 0, "curl or python3 is not installed; eng/setup.sh --contracts installs them.");
    }
}
