using System.Text.RegularExpressions;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Contracts.Tests.ByHand;

/// <summary>
/// docs/grpcurl.md holds: it has a command for every RPC, and each command, pasted into a shell in the document's
/// order, prints what the document says.
/// </summary>
[Collection(RunningServicesCollection.Name)]
public sealed class GrpcurlDocumentTests(RunningServices services)
{
    // This section's commands need jobs that wait.
    private const string WaitingSection = "While jobs wait";

    private static readonly CommandDocument Document = CommandDocument.Read("grpcurl.md");

    private static readonly FileDescriptor[] Contracts =
    [
        JobServiceReflection.Descriptor, UploadServiceReflection.Descriptor, InferenceServiceReflection.Descriptor,
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
    public async Task Commands_WithBothServices_PrintWhatTheDocumentSays()
    {
        Shell.BufOrSkip();
        await Document.AssertPrintedAsync(services.Services, command => command.Section != WaitingSection);
    }

    [Fact]
    public async Task Commands_WhileJobsWait_PrintWhatTheDocumentSays()
    {
        Shell.BufOrSkip();
        await using var alone = new Installation(new Dictionary<string, string>
        {
            ["Submit:AllowedRoots:0"] = Path.Combine(RepositoryFiles.Data, "samples"),
            ["Submit:MaxPendingJobs"] = "2",
            // Where none listens; on the usual port one of this machine's may.
            ["Inference:Addresses:0"] = "http://127.0.0.1:1",
        });
        await alone.StartJobServiceAsync();
        await Document.AssertPrintedAsync(alone, command => command.Section == WaitingSection);
    }

    // The shell's variables in a command, replaced by their values.
    private static string Expand(string command) => Document.Preparation.Split('\n')
        .Select(line => line.Split('=', 2))
        .Where(parts => parts.Length == 2)
        .Aggregate(command, (text, parts) => text.Replace($"${parts[0]}/", $"{parts[1]}/", StringComparison.Ordinal));
}
