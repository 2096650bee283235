using System.Text.RegularExpressions;
using ForegSyte.Hosting.Http;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Contracts.Tests.Commands;

/// <summary>
/// docs/grpcurl.md has a command for every RPC, and each command prints the documented output.
/// </summary>
[Collection(RunningServicesCollection.Name)]
public sealed class GrpcurlDocumentTests(RunningServices services)
{
    // The commands of this section need pending jobs.
    private const string WaitingSection = "While jobs wait";

    private static readonly CommandDocument Document = CommandDocument.Read("grpcurl.md");

    private static readonly FileDescriptor[] Contracts =
    [
        JobServiceReflection.Descriptor, UploadServiceReflection.Descriptor, SearchServiceReflection.Descriptor,
        InferenceServiceReflection.Descriptor,
    ];

    private static IEnumerable<string> Methods => Contracts
        .SelectMany(file => file.Services)
        .SelectMany(service => service.Methods, (service, method) => $"{service.FullName}/{method.Name}");

    [Fact]
    public void Document_HasACommandForEveryMethod()
    {
        var calls = Document.Commands.Select(command => Expand(command.Text)).ToList();
        Assert.All(Methods, method => Assert.Contains(calls, call => Regex.IsMatch(call, $@"{method}\b")));
    }

    [Fact]
    public async Task Commands_WithBothServices_PrintTheDocumentedOutput()
    {
        Shell.BufOrSkip();
        await Document.AssertPrintedAsync(services.Services, command => command.Section != WaitingSection);
    }

    [Fact]
    public async Task Commands_WhileJobsWait_PrintTheDocumentedOutput()
    {
        Shell.BufOrSkip();
        await using var jobsOnly = new Installation(new Dictionary<string, string>
        {
            ["Submit:AllowedRoots:0"] = Path.Combine(RepositoryFiles.Data, "samples"),
            ["Submit:MaxPendingJobs"] = "2",
        });
        await jobsOnly.StartJobServiceAsync();
        await Document.AssertPrintedAsync(jobsOnly, command => command.Section == WaitingSection);
    }

    // A command with the values of the shell's variables.
    private static string Expand(string command) => Document.Setup.Split('\n')
        .Select(line => line.Split('=', 2))
        .Where(parts => parts.Length == 2)
        .Aggregate(command, (text, parts) => text.Replace($"${parts[0]}/", $"{parts[1]}/", StringComparison.Ordinal));
}

/// <summary>
/// docs/http.md has a command for every route, and each command prints the documented output.
/// </summary>
[Collection(RunningServicesCollection.Name)]
public sealed class HttpDocumentTests(RunningServices services)
{
    // The commands of this section need pending jobs.
    private const string WaitingSection = "While jobs wait";

    private static readonly CommandDocument Document = CommandDocument.Read("http.md");

    private static IEnumerable<HttpRoute> Routes => new[]
        {
            JobServiceReflection.Descriptor, UploadServiceReflection.Descriptor, SearchServiceReflection.Descriptor,
        }
        .SelectMany(file => file.Services)
        .SelectMany(HttpRoute.Of);

    [Fact]
    public void Document_HasACommandForEveryRoute() => Assert.All(
        Routes,
        route => Assert.Contains(Document.Commands, command => Calls(command.Text, route)));

    [Fact]
    public async Task Commands_WithBothServices_PrintTheDocumentedOutput()
    {
        await CurlOrSkipAsync();
        await Document.AssertPrintedAsync(services.Services, command => command.Section != WaitingSection);
    }

    [Fact]
    public async Task Commands_WhileJobsWait_PrintTheDocumentedOutput()
    {
        await CurlOrSkipAsync();
        await using var jobsOnly = new Installation(new Dictionary<string, string>
        {
            ["Submit:AllowedRoots:0"] = Path.Combine(RepositoryFiles.Data, "samples"),
            ["Submit:MaxPendingJobs"] = "1",
            ["Listen:HttpPort"] = "0",
        });
        await jobsOnly.StartJobServiceAsync();
        await Document.AssertPrintedAsync(jobsOnly, command => command.Section == WaitingSection);
    }

    private static bool Calls(string command, HttpRoute route)
    {
        var verb = command.Contains("-X DELETE", StringComparison.Ordinal) ? "DELETE"
            : command.Contains("-X PATCH", StringComparison.Ordinal) ? "PATCH"
            : command.Contains("-T ", StringComparison.Ordinal) ? "PUT"
            : Regex.IsMatch(command, "-X POST|-d '|--data-binary") ? "POST"
            : "GET";
        var path = Regex.Replace(Regex.Escape(route.Path.ToString()), @"\\\{[a-z_.\\]+}", "[0-9a-f-]+");
        return verb == route.Verb && Regex.IsMatch(command, @"\$SERVER" + path + @"(?![/:\w-])");
    }

    private static async Task CurlOrSkipAsync()
    {
        var found = await Shell.RunAsync("command -v curl && command -v python3", RepositoryFiles.Root);
        Assert.SkipUnless(
            found.ExitCode == 0, "curl or python3 is not installed; eng/setup.sh --contracts installs them.");
    }
}
